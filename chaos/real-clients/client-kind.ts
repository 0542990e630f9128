/** Clients that applications use, as programs: what to start, what to type, and what their lines mean. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { findApacheZooKeeper } from '../../bench/hosts/apache-zookeeper.ts';

export type ClientLine = 'ready' | 'ok' | 'error' | 'expired' | 'disconnected' | 'connected';

export interface ClientKind {
  readonly name: 'java' | 'c' | 'kazoo';
  /** Why it cannot run on this machine; undefined when it can. */
  missing(): string | undefined;
  /** @param servers "host:port,host:port" */
  command(servers: string, path: string, timeoutMs: number): readonly string[];
  /** The line that writes this number. */
  write(path: string, number: number): string;
  /** What a line says; undefined when it says nothing of interest. */
  read(line: string): ClientLine | undefined;
}

const HEAP_MIB = 64;

/** zkCli.sh without its shell script. */
const java: ClientKind = {
  name: 'java',
  missing: () =>
    findApacheZooKeeper() === undefined ? 'Java or the jars of Apache ZooKeeper are missing' : undefined,
  command(servers, _path, timeoutMs) {
    const { java: program = 'java', classPath = '' } = findApacheZooKeeper() ?? {};
    const flags = [
      `-Xmx${HEAP_MIB}m`,
      '-XX:TieredStopAtLevel=1',
      '-Dorg.slf4j.simpleLogger.defaultLogLevel=off',
    ];
    const main = ['org.apache.zookeeper.ZooKeeperMain', '-timeout', String(timeoutMs), '-server', servers];
    return [program, ...flags, '-cp', classPath, ...main];
  },
  write: (path, number) => `set -s ${path} ${number}`,
  read(line) {
    if (/state:SyncConnected type:None/.test(line)) return 'ready';
    if (/state:Expired|KeeperErrorCode = Session expired|Session expired/.test(line)) return 'expired';
    if (/state:Disconnected/.test(line)) return 'disconnected';
    if (/^dataVersion = /.test(line)) return 'ok';
    return /KeeperErrorCode = /.test(line) ? 'error' : undefined;
  },
};

const CLI_MT = '/usr/lib/zookeeper/bin/cli_mt';

const c: ClientKind = {
  name: 'c',
  missing: () => (existsSync(CLI_MT) ? undefined : `${CLI_MT} is missing`),
  // It asks for 30 s, whatever it is told, and gets the longest that the servers grant.
  command: servers => [CLI_MT, '-h', servers],
  write: (path, number) => `set ${path} ${number}`,
  read(line) {
    if (/state = CONNECTED_STATE/.test(line)) return 'ready';
    if (/EXPIRED_SESSION_STATE|rc = -112\b/.test(line)) return 'expired';
    if (/state = CONNECTING_STATE/.test(line)) return 'disconnected';
    const [, code] = /rc = (-?\d+)/.exec(line) ?? [];
    return code === undefined ? undefined : code === '0' ? 'ok' : 'error';
  },
};

/** Of Debian's own Python: the one that Debian's kazoo belongs to. */
const PYTHON = '/usr/bin/python3';
const PROBE = fileURLToPath(new URL('../../../chaos/real-clients/kazoo_probe.py', import.meta.url));

const kazoo: ClientKind = {
  name: 'kazoo',
  missing() {
    try {
      execFileSync(PYTHON, ['-c', 'import kazoo'], { stdio: 'ignore' });
      return undefined;
    } catch {
      return `${PYTHON} or its package kazoo is missing`;
    }
  },
  command: (servers, path, timeoutMs) => [PYTHON, PROBE, servers, String(timeoutMs), path],
  write: (_path, number) => String(number),
  read(line) {
    if (line.startsWith('ready')) return 'ready';
    if (line === 'ok') return 'ok';
    if (line === 'expired' || line === 'state LOST') return 'expired';
    if (line === 'state SUSPENDED') return 'disconnected';
    if (line === 'state CONNECTED') return 'connected';
    return line.startsWith('error') ? 'error' : undefined;
  },
};

export const CLIENT_KINDS: readonly ClientKind[] = [java, c, kazoo];
