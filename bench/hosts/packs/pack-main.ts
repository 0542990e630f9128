/** Entry point of a process with several servers. What ends one of them leaves the others alone. */
import { loadConfig } from '../../../server/config/load-config.ts';
import type { ServerConfig } from '../../../server/config/server-config.ts';
import { returnMemoryWhenQuiet } from '../../../server/runtime/heap/quiet-memory.ts';
import type { LogFields, Logger } from '../../../server/runtime/logging/logger.ts';
import { claimDirectories } from '../../../server/runtime/node/data-directories.ts';
import { nodeRuntime } from '../../../server/runtime/node/node-runtime.ts';
import { type RunningServer, startServer } from '../../../server/server.ts';
import { endWithParent } from '../end-with-parent.ts';
import type { FromPack, ToPack } from './pack-messages.ts';

/** pino's numbers, as in the log of a server that has a process of its own. */
const LEVELS = { info: 30, warn: 40, error: 50 } as const;
const EXIT_FAILED = 1;

const servers = new Map<string, RunningServer>();
/** Directories are held until the process ends. */
const held = new Set<string>();

function say(message: FromPack): void {
  if (process.connected) process.send?.(message);
}

function loggerOf(cfgFile: string, fixed: LogFields = {}): Logger {
  const at = (level: keyof typeof LEVELS) => (msg: string, fields?: LogFields) =>
    say({
      kind: 'line',
      cfgFile,
      text: `${JSON.stringify({ level: LEVELS[level], time: Date.now(), ...fixed, ...fields, msg })}\n`,
    });
  return {
    ...{ debug() {}, info: at('info'), warn: at('warn'), error: at('error') },
    child: fields => loggerOf(cfgFile, { ...fixed, ...fields }),
  };
}

async function start(cfgFile: string, linkMapFile: string | undefined): Promise<void> {
  const logger = loggerOf(cfgFile);
  const ended = (error: Error): void => {
    logger.error(error.stack ?? error.message);
    servers.delete(cfgFile);
    say({ kind: 'ended', cfgFile, code: EXIT_FAILED });
  };
  try {
    const runtime = nodeRuntime({ linkMapFile, logger });
    const config = loadConfig(runtime.disk, cfgFile, new Map());
    if (!held.has(cfgFile)) await hold(config);
    held.add(cfgFile);
    const server: RunningServer = startServer({
      ...{ runtime, config, logger },
      onFatal(error) {
        server.stop(() => {});
        ended(error);
      },
    });
    servers.set(cfgFile, server);
  } catch (error) {
    ended(error as Error);
  }
}

function hold({ dataDir, dataLogDir, directoryAutoCreate }: ServerConfig): Promise<void> {
  const directories = [
    { key: 'dataDir', path: dataDir },
    { key: 'dataLogDir', path: dataLogDir },
  ];
  return claimDirectories(directories, directoryAutoCreate);
}

process.on('message', (message: ToPack) => {
  const { kind, cfgFile } = message;
  if (kind === 'start') void start(cfgFile, message.linkMap);
  else {
    const server = servers.get(cfgFile);
    servers.delete(cfgFile);
    server?.stop(() => say({ kind: 'ended', cfgFile, code: 0 }));
  }
});
endWithParent();
process.on('SIGINT', () => {});
returnMemoryWhenQuiet();
