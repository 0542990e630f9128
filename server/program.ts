/** `zklab-server zoo.cfg [-Dname=value ...] [--link-map FILE] [...]`: one server in the foreground. */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { isJavaFlag, systemProperties } from './config/java-flags.ts';
import { loadConfig } from './config/load-config.ts';
import { ServerError } from './errors.ts';
import { withInjectedFaults } from './runtime/faulty/injected-faults.ts';
import { collectLessUnderLargeValues } from './runtime/heap/collection-pace.ts';
import { returnMemoryWhenQuiet } from './runtime/heap/quiet-memory.ts';
import { processLog } from './runtime/logging/node-logger.ts';
import { claimDirectories } from './runtime/node/data-directories.ts';
import { nodeRuntime } from './runtime/node/node-runtime.ts';
import type { Runtime } from './runtime/runtime.ts';
import { startServer } from './server.ts';

const USAGE = `usage: zklab-server zoo.cfg [-Dname=value ...] [--link-map FILE] [--die-with-parent]

Runs one ZooKeeper server in the foreground, as zoo.cfg says. SIGTERM or Ctrl-C stops it.

  -Dname=value        a system property of Apache ZooKeeper, as -Dzookeeper.snapCount=10000; so are those in the
                      environment variables SERVER_JVMFLAGS and JVMFLAGS
  --link-map FILE     dial other addresses than the configured ones: a JSON object
                      {"host:port": "host:port"}, which is read again when it changes
  --die-with-parent   stop when standard input ends, so that the server does not outlive a killed lab
  --inject-faults FILE
                      for laboratories: break the disk and the wall clock of this server as the file says, which is
                      read again when it changes
  --help              print this text

Example:
  zklab-server /etc/zookeeper/zoo.cfg`;

/**
 * Limit on the time of a stop. A longer one is cut short, because what was acknowledged is on disk in any
 * case.
 */
const STOP_LIMIT_MS = 5000;
const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
/** Errors in files that an operator wrote. Apache's server exits with 2 on those as well. */
const WRITTEN_WRONG = /^ZK_(?:CONFIG_|JAAS|KEY_STORE|MYID|LINK_MAP|INJECTED_FAULTS)/;

const { logger, linesDropped, lastWords } = processLog();

function usage(problem: string): never {
  lastWords(`zklab-server: ${problem}\n${USAGE}`);
  process.exit(EXIT_USAGE);
}

function readArguments() {
  try {
    const { values, positionals } = parseArgs({
      args: words.filter(word => !isJavaFlag(word)),
      allowPositionals: true,
      options: {
        'link-map': { type: 'string' },
        'die-with-parent': { type: 'boolean', default: false },
        'inject-faults': { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    });
    return { values, positionals };
  } catch (error) {
    return usage((error as Error).message);
  }
}

const words = process.argv.slice(2);
const { values, positionals } = readArguments();
if (values.help) {
  process.stdout.write(`${USAGE}\n`);
  process.exit(0);
}
const [configPath] = positionals;
if (configPath === undefined || positionals.length !== 1)
  usage(`${positionals.length} configuration files are given; accepted is exactly one`);

function fail(error: unknown): never {
  const isServerError = error instanceof ServerError;
  lastWords(`zklab-server: ${isServerError ? `${error.code}: ${error.message}` : (error as Error).stack}`);
  process.exit(isServerError && WRITTEN_WRONG.test(error.code) ? EXIT_USAGE : EXIT_FAILED);
}

function runtimeOf(linkMapFile: string | undefined, faultFile: string | undefined): Runtime {
  const runtime = nodeRuntime({ linkMapFile, logger });
  return faultFile === undefined ? runtime : withInjectedFaults(runtime, faultFile, logger);
}

// A callback that threw has left something half done, and going on would serve that.
process.on('uncaughtException', fail);

try {
  const runtime = runtimeOf(values['link-map'], values['inject-faults']);
  const properties = systemProperties(process.env, words.filter(isJavaFlag));
  const config = loadConfig(runtime.disk, resolve(configPath), properties);
  await claimDirectories(
    [
      { key: 'dataDir', path: config.dataDir },
      { key: 'dataLogDir', path: config.dataLogDir },
    ],
    config.directoryAutoCreate,
  );
  const server = startServer({ runtime, config, logger, logLinesDropped: linesDropped, onFatal: fail });
  returnMemoryWhenQuiet();
  collectLessUnderLargeValues();
  let stopping = false;
  const stop = (why: string): void => {
    if (stopping) return;
    stopping = true;
    logger.info('this server is stopping', { why });
    server.stop(() => process.exit(0));
    runtime.clock.after(STOP_LIMIT_MS, () => process.exit(0));
  };
  process.on('SIGTERM', () => stop('SIGTERM'));
  process.on('SIGINT', () => stop('SIGINT'));
  if (values['die-with-parent']) {
    process.stdin.on('end', () => stop('the parent is gone'));
    process.stdin.on('error', () => stop('the parent is gone'));
    process.stdin.resume();
  }
} catch (error) {
  fail(error);
}
