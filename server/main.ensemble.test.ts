/** What an operator sees of a server that cannot start, or that finds its files damaged. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import * as net from 'node:net';
import { join } from 'node:path';
import { assert, onPath, ourServer, requirePeer, suite, temporaryFolder } from '#test';
import { ZkClient } from './interop/zk-client.test-kit.ts';

const test = suite('zklab-server, the process');
const DEADLINE = { deadlineMs: 180_000 };

const MAIN = ourServer();
const HOST = `127.${192 + ((process.pid >> 8) % 32)}.${process.pid % 256}.1`;
const LOG_PREALLOCATION_KIB = 64;

interface Ended {
  readonly code: number | null;
  readonly stderr: string;
}

/** Starts the server and waits for its end. */
async function runToEnd(...args: string[]): Promise<Ended> {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  const chunks: Buffer[] = [];
  child.stderr.on('data', chunk => chunks.push(chunk));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stderr: Buffer.concat(chunks).toString('utf8') };
}

function configOf(folder: string, lines: readonly string[] = []): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, 'zoo.cfg');
  const own = [
    `dataDir=${folder}/data`,
    'clientPort=2181',
    `clientPortAddress=${HOST}`,
    'admin.enableServer=false',
    `preAllocSize=${LOG_PREALLOCATION_KIB}`,
  ];
  // A given line replaces the default line of the same key.
  const keys = new Set(lines.map(line => line.split('=', 1)[0]));
  const kept = own.filter(line => !keys.has(line.split('=', 1)[0]));
  writeFileSync(path, `${[...kept, ...lines].join('\n')}\n`);
  return path;
}

/**
 * Checks for one line on standard error: the code, then what is wrong. The exit code is 2 for a
 * configuration, as with Apache's server, and 1 otherwise.
 */
function assertRefusal({ code, stderr }: Ended, errorCode: string, ...names: string[]): void {
  assert.is(code, errorCode.startsWith('ZK_CONFIG') ? 2 : 1, stderr);
  assert.is(stderr.trim().split('\n').length, 1, stderr);
  assert.ok(stderr.startsWith(`zklab-server: ${errorCode}: `), stderr);
  for (const name of names) assert.ok(stderr.includes(name), `${name} in ${stderr}`);
}

test(
  'bad arguments: the usage text and exit code 2',
  async () => {
    for (const args of [[], ['a.cfg', 'b.cfg'], ['--no-such-option']]) {
      const { code, stderr } = await runToEnd(...args);
      assert.is(code, 2);
      assert.match(stderr, /^zklab-server: .*\nusage: zklab-server zoo\.cfg/);
    }
  },
  DEADLINE,
);

test(
  'a configuration that cannot be used: one line that names the key and the value',
  async () => {
    const folder = temporaryFolder();
    assertRefusal(await runToEnd(join(folder, 'none.cfg')), 'ZK_CONFIG_FILE', 'none.cfg');
    const server = 'server.1=127.0.0.1:2888:3888';
    const cases: [string, string[], string, ...string[]][] = [
      ['tick', ['tickTime=soon'], 'ZK_CONFIG_VALUE', 'tickTime', 'soon'],
      [
        'server',
        ['server.1=127.0.0.1:x:3888', 'server.2=127.0.0.1:2:3'],
        'ZK_CONFIG_VALUE',
        '127.0.0.1:x:3888',
      ],
      ['data', ['dataDir='], 'ZK_CONFIG_', 'dataDir'],
      ['myid', [server, 'server.2=127.0.0.1:2889:3889', 'initLimit=5', 'syncLimit=2'], 'ZK_MYID', 'myid'],
    ];
    for (const [name, lines, code, ...names] of cases) {
      const ended = await runToEnd(configOf(join(folder, name), lines));
      assert.is(ended.code, 2, `${name}: ${ended.stderr}`);
      assert.is(ended.stderr.trim().split('\n').length, 1, ended.stderr);
      assert.ok(ended.stderr.startsWith(`zklab-server: ${code}`), `${name}: ${ended.stderr}`);
      for (const word of names) assert.ok(ended.stderr.includes(word), `${name}: ${ended.stderr}`);
    }
  },
  DEADLINE,
);

test(
  'a client port that is taken: ZK_LISTEN and exit code 1',
  async () => {
    const other = net.createServer();
    await new Promise<void>(resolve => other.listen(2181, HOST, resolve));
    try {
      const ended = await runToEnd(configOf(join(temporaryFolder(), 'taken')));
      assertRefusal(ended, 'ZK_LISTEN', `${HOST}:2181`, 'EADDRINUSE');
    } finally {
      await new Promise(resolve => other.close(resolve));
    }
  },
  DEADLINE,
);

test(
  'a data directory that cannot be made or used: one line that names the key and the path, without an endless wait',
  async () => {
    const folder = temporaryFolder();
    const file = join(folder, 'file');
    writeFileSync(file, '');
    const cases: [key: string, path: string][] = [
      // Node's recursive mkdir never returns for this path.
      ['dataDir', '/proc/zklab/data'],
      ['dataDir', join(file, 'sub')],
      ['dataLogDir', file],
    ];
    for (const [key, path] of cases) {
      const ended = await runToEnd(configOf(join(folder, 'zk'), [`${key}=${path}`]));
      assertRefusal(ended, 'ZK_DATA_DIR', `${key}=${path}`);
    }
  },
  DEADLINE,
);

/** A server that runs until it is killed, on the files of `folder`. */
async function whileRunning(
  config: string,
  body: (client: ZkClient) => Promise<void>,
  before: readonly string[] = [],
): Promise<void> {
  const [file, ...args] = [...before, process.execPath, MAIN, config, '--die-with-parent'];
  const child: ChildProcess = spawn(file!, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const listens = new Promise<void>((resolve, reject) => {
    let said = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      said += chunk;
      if (said.includes('client port listens')) resolve();
    });
    child.once('close', code => reject(new Error(`the server ended with ${code}`)));
  });
  try {
    await listens;
    const client = await ZkClient.connect(HOST);
    await body(client);
    client.destroy();
  } finally {
    listens.catch(() => {});
    const closed = once(child, 'close');
    child.kill('SIGKILL');
    await closed;
  }
}

async function writeNodes(config: string, count: number): Promise<void> {
  await whileRunning(config, async client => {
    for (let i = 0; i < count; i++) await client.create(`/node${i}`, `value ${i}`);
  });
}

function newestLog(folder: string): string {
  const version = join(folder, 'data', 'version-2');
  const logs = readdirSync(version).filter(name => name.startsWith('log.'));
  const newest = logs
    .sort((a, b) => Number.parseInt(a.slice(4), 16) - Number.parseInt(b.slice(4), 16))
    .at(-1);
  return join(version, newest ?? 'no log');
}

/** Offset where the zeros of the preallocation begin. */
function endOfEntries(path: string): number {
  const bytes = readFileSync(path);
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end--;
  return end;
}

test(
  'a tail that a crash left torn is cut; the transactions before it are served',
  async () => {
    const tails: Record<string, (path: string) => void> = {
      'cut in the middle of the last entry': path => truncateSync(path, endOfEntries(path) - 7),
      'without its preallocation': path => truncateSync(path, endOfEntries(path)),
      'a beginning, and zeros where the rest never reached the medium': path => {
        const end = endOfEntries(path);
        truncateSync(path, end - 20);
        truncateSync(path, end + 5_000);
      },
    };
    for (const [name, damage] of Object.entries(tails)) {
      const folder = join(temporaryFolder(), 'tail');
      const config = configOf(folder);
      await writeNodes(config, 20);
      damage(newestLog(folder));
      await whileRunning(config, async client => {
        for (let i = 0; i < 19; i++) assert.is(await client.get(`/node${i}`), `value ${i}`, name);
        await client.create('/after', name);
      });
      await whileRunning(config, async client => assert.is(await client.get('/after'), name));
    }
  },
  DEADLINE,
);

test(
  'a server that is started twice does not take the log from the first: writes that the first acknowledges are kept',
  async () => {
    const folder = temporaryFolder();
    const config = configOf(join(folder, 'zk'));
    const path = join(folder, 'zk', 'data');
    const link = join(folder, 'link');
    const linked = configOf(join(folder, 'other'), [`dataDir=${link}`, 'clientPort=2182']);
    await whileRunning(config, async client => {
      symlinkSync(path, link);
      await client.create('/before', '1');
      assertRefusal(await runToEnd(config), 'ZK_DATA_DIR', `dataDir=${path}`);
      assertRefusal(await runToEnd(linked), 'ZK_DATA_DIR', `dataDir=${link}`);
      await client.create('/after', '2');
    });
    await whileRunning(config, async client => {
      assert.is(await client.get('/before'), '1');
      assert.is(await client.get('/after'), '2');
    });
  },
  DEADLINE,
);

test(
  'field report A4: dataLogDir set anew on a server with data, or removed again, ends the start with one line that says where the logs are',
  async () => {
    const folder = temporaryFolder();
    const zk = join(folder, 'zk');
    const [data, logs] = [join(zk, 'data', 'version-2'), join(folder, 'logs', 'version-2')];
    await writeNodes(configOf(zk), 3);
    const apart = [`dataLogDir=${join(folder, 'logs')}`];
    assertRefusal(await runToEnd(configOf(zk, apart)), 'ZK_DATA_MISMATCH', `${data}/log.`, apart[0]!);
    for (const name of readdirSync(data).filter(each => each.startsWith('log.')))
      renameSync(join(data, name), join(logs, name));
    await whileRunning(configOf(zk, apart), async client => {
      assert.is(await client.get('/node2'), 'value 2');
    });
    assertRefusal(await runToEnd(configOf(zk)), 'ZK_DATA_MISMATCH', data, logs);
    const exchanged = [`dataDir=${join(folder, 'logs')}`, `dataLogDir=${join(zk, 'data')}`];
    assertRefusal(await runToEnd(configOf(zk, exchanged)), 'ZK_DATA_MISMATCH', `${data}/snapshot.0`);
    await whileRunning(configOf(zk, apart), async client => assert.is(await client.get('/node2'), 'value 2'));
  },
  DEADLINE,
);

test(
  'field report A4: one directory under two names counts as one directory',
  async () => {
    const folder = temporaryFolder();
    const zk = join(folder, 'zk');
    await writeNodes(configOf(zk), 3);
    const link = join(folder, 'link');
    symlinkSync(join(zk, 'data'), link);
    for (const name of [link, `${link}/`, join(zk, '.', 'data/'), `${zk}/../zk//data`]) {
      await whileRunning(configOf(zk, [`dataLogDir=${name}`]), async client =>
        assert.is(await client.get('/node2'), 'value 2', name),
      );
    }
  },
  DEADLINE,
);

test(
  'a dataDir without write permission, with a version-2 that has it: the server starts, as upstream does',
  async () => {
    const isRoot = process.getuid?.() === 0;
    requirePeer(
      'setpriv',
      !isRoot || onPath('setpriv') !== undefined,
      'a root that may not write everywhere',
    );
    const folder = temporaryFolder();
    const config = configOf(folder);
    const dataDir = join(folder, 'data');
    mkdirSync(join(dataDir, 'version-2'), { recursive: true });
    chmodSync(dataDir, 0o555);
    const limits = ['setpriv', '--bounding-set=-dac_override,-dac_read_search'];
    await whileRunning(config, async client => void (await client.create('/n', '')), isRoot ? limits : []);
    chmodSync(dataDir, 0o755);
  },
  DEADLINE,
);

test(
  'datadir.autocreate=false: a start on a file system that is not mounted is refused',
  async () => {
    const zk = join(temporaryFolder(), 'zk');
    const config = configOf(zk, ['datadir.autocreate=false']);
    assertRefusal(await runToEnd(config), 'ZK_DATA_DIR', join(zk, 'data'));
    mkdirSync(join(zk, 'data'));
    assertRefusal(
      await runToEnd(config),
      'ZK_DATA_DIR',
      join(zk, 'data', 'version-2'),
      'datadir.autocreate=false',
    );
    mkdirSync(join(zk, 'data', 'version-2'));
    await writeNodes(config, 1);
  },
  DEADLINE,
);

test(
  'garbage behind the last entry, which no crash leaves: the server refuses to start and names the file',
  async () => {
    const folder = join(temporaryFolder(), 'garbage');
    const config = configOf(folder);
    await writeNodes(config, 20);
    const path = newestLog(folder);
    truncateSync(path, endOfEntries(path));
    appendFileSync(path, Buffer.alloc(5_000, 0x5a));
    const { size } = statSync(path);
    assertRefusal(await runToEnd(config), 'ZK_LOG_CORRUPT', path);
    assert.is(statSync(path).size, size, 'the evidence is left as it was');
  },
  DEADLINE,
);

test(
  'a log that is damaged in its middle: the server refuses to start and names the file',
  async () => {
    const folder = join(temporaryFolder(), 'middle');
    const config = configOf(folder);
    await writeNodes(config, 50);
    const path = newestLog(folder);
    const bytes = readFileSync(path);
    const middle = Math.floor(endOfEntries(path) / 2);
    bytes[middle] = bytes[middle]! ^ 0xff;
    writeFileSync(path, bytes);
    const { size } = statSync(path);
    assertRefusal(await runToEnd(config), 'ZK_LOG_CORRUPT', path);
    assert.is(statSync(path).size, size, 'the evidence is left as it was');
  },
  DEADLINE,
);
