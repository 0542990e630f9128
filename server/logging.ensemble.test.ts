/**
 * Field report B8: the server goes on, whatever standard output and standard error are connected to. With
 * real processes.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  constants,
  mkdirSync,
  openSync,
  readSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import * as net from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { assert, onPath, ourServer, requirePeer, suite, temporaryFolder, until } from '#test';
import { ZkClient } from './interop/zk-client.test-kit.ts';

const test = suite('logging, real processes');
const DEADLINE = { deadlineMs: 180_000 };
const SERVE_DEADLINE_MS = 60_000;

const MAIN = ourServer();
const FLOOD = fileURLToPath(new URL('./runtime/logging/log-flood.test-kit.js', import.meta.url));
const HOST = `127.${192 + ((process.pid >> 8) % 32)}.${process.pid % 256}.2`;
const PORT = 2181;
const STRANGERS_AT_A_TIME = 100;
/** Number of lines of one kilobyte that is more than a pipe and the backlog hold. */
const SLOW_FSYNCS = 1_500;
/**
 * With this setting every fsync counts as slow, and its line names the log. Lines that strangers cause are
 * limited, so they would be too few.
 */
const LONG_LINES = 'fsync.warningthresholdms=0';
const LONG_NAME = `${'d'.repeat(200)}/`.repeat(5);

function configOf(folder: string): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, 'zoo.cfg');
  const lines = [
    `dataDir=${folder}/${LONG_NAME}data`,
    LONG_LINES,
    `clientPort=${PORT}`,
    `clientPortAddress=${HOST}`,
    'admin.enableServer=false',
    'maxClientCnxns=0',
    '4lw.commands.whitelist=*',
  ];
  writeFileSync(path, `${lines.join('\n')}\n`);
  return path;
}

/** A named pipe of which this test holds both ends; nothing is read until `read`. */
class Pipe {
  readonly path = join(temporaryFolder(), 'pipe');
  readonly #fd: number;

  constructor() {
    execFileSync('mkfifo', [this.path]);
    this.#fd = openSync(this.path, constants.O_RDWR | constants.O_NONBLOCK);
  }

  /** Opens the pipe for a child, in blocking mode, as a shell would. */
  open(): number {
    return openSync(this.path, constants.O_WRONLY);
  }

  fill(): void {
    const page = Buffer.alloc(4096, '#');
    try {
      for (;;) writeSync(this.#fd, page);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    }
  }

  /** Reads what is in the pipe now. */
  read(): string {
    const chunks: Buffer[] = [];
    try {
      for (;;) {
        const chunk = Buffer.alloc(64 * 1024);
        const count = readSync(this.#fd, chunk);
        if (count === 0) break;
        chunks.push(chunk.subarray(0, count));
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    }
    return Buffer.concat(chunks).toString('utf8');
  }

  close(): void {
    closeSync(this.#fd);
  }
}

function word(name: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host: HOST, port: PORT });
    const chunks: Buffer[] = [];
    socket.setTimeout(5_000, () => socket.destroy(new Error(`${name}: no answer`)));
    socket.on('connect', () => socket.write(name));
    socket.on('data', chunk => chunks.push(chunk));
    socket.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
    socket.on('error', reject);
  });
}

async function untilServing(): Promise<void> {
  await until(async () => (await word('ruok')) === 'imok', {
    deadlineMs: SERVE_DEADLINE_MS,
    what: 'the server to answer',
  });
}

async function linesDropped(): Promise<number> {
  return Number(/^zk_log_lines_dropped\t(\d+)$/m.exec(await word('mntr'))?.[1]);
}

/** Connects strangers, each of which causes a line of the log, up to the limit of its kind. */
async function strangers(count: number): Promise<void> {
  const stranger = () =>
    new Promise<void>((resolve, reject) => {
      const socket = net.connect({ host: HOST, port: PORT }, () => socket.end(Buffer.alloc(64, 0xff)));
      socket.on('error', error => reject(error));
      socket.on('close', () => resolve());
      socket.resume();
    }).catch(() => {});
  for (let at = 0; at < count; at += STRANGERS_AT_A_TIME)
    await Promise.all(Array.from({ length: STRANGERS_AT_A_TIME }, stranger));
}

async function slowFsyncs(count: number): Promise<void> {
  const client = await ZkClient.connect(HOST, { port: PORT });
  await client.create('/x');
  for (let at = 0; at < count; at++) await client.set('/x', `${at}`);
  await client.close();
}

async function stop(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const gone = once(child, 'exit') as Promise<[number | null]>;
  child.kill(signal);
  return (await gone)[0];
}

test(
  'field report B8: a pipe that nobody reads blocks nothing; read later, its lines are whole, and one says how many are missing',
  async () => {
    const pipe = new Pipe();
    const end = pipe.open();
    const child = spawn(process.execPath, [MAIN, configOf(temporaryFolder())], {
      stdio: ['ignore', end, end],
    });
    closeSync(end);
    try {
      await untilServing();
      await slowFsyncs(SLOW_FSYNCS);
      const dropped = await linesDropped();
      assert.ok(dropped > 0, `${dropped} lines dropped`);
      let text = '';
      await until(
        () => {
          text += pipe.read();
          return text.includes('"linesDropped"') && text.endsWith('\n');
        },
        { deadlineMs: SERVE_DEADLINE_MS, what: 'the line that says what is missing' },
      );
      const lines = text.trimEnd().split('\n');
      const parsed = lines.map(line => JSON.parse(line) as { time: number; linesDropped?: number });
      const reports = parsed.filter(line => line.linesDropped !== undefined);
      assert.equal(
        reports.map(line => line.linesDropped),
        [dropped],
      );
      const times = parsed.filter(line => line.linesDropped === undefined).map(line => line.time);
      assert.equal(
        times,
        times.toSorted((a, b) => a - b),
      );
      assert.is(await stop(child, 'SIGTERM'), 0);
    } finally {
      await stop(child, 'SIGKILL');
      pipe.close();
    }
  },
  DEADLINE,
);

test(
  'field report B8: a full disk, and a pipe whose reader has gone, end no server',
  async () => {
    const pipe = new Pipe();
    for (const [name, end] of [
      ['full', openSync('/dev/full', 'w')],
      ['closed', pipe.open()],
    ] as const) {
      if (name === 'closed') pipe.close();
      const child = spawn(process.execPath, [MAIN, configOf(temporaryFolder())], {
        stdio: ['ignore', end, end],
      });
      closeSync(end);
      try {
        await untilServing();
        await strangers(2 * STRANGERS_AT_A_TIME);
        assert.is(await word('ruok'), 'imok', name);
        assert.is(await stop(child, 'SIGTERM'), 0, name);
      } finally {
        await stop(child, 'SIGKILL');
      }
    }
  },
  DEADLINE,
);

/** Runs a server whose log goes to a file on a very small disk, which no other process sees. */
const SMALL_DISK =
  'mount -t tmpfs -o size=16k tmpfs "$1" && folder=$1 && shift && exec "$@" >>"$folder/log" 2>&1';

test(
  'field report B8: the disk under the log fills up: the server goes on, and so does its log when there is room again',
  async () => {
    const tools = ['unshare', 'setpriv'].every(tool => onPath(tool) !== undefined);
    requirePeer('unshare as root', tools && process.getuid?.() === 0, 'a disk of its own');
    const folder = temporaryFolder();
    const server = [process.execPath, MAIN, configOf(temporaryFolder())];
    const shell = ['unshare', '--mount', 'sh', '-c', SMALL_DISK, 'sh', folder, ...server];
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...shell], { stdio: 'ignore' });
    const log = `/proc/${child.pid}/root${folder}/log`;
    try {
      await untilServing();
      await slowFsyncs(100);
      assert.ok(statSync(log).size > 12 * 1024, 'the disk is full');
      assert.is(await word('ruok'), 'imok');
      truncateSync(log);
      await until(() => statSync(log).size > 0, {
        deadlineMs: SERVE_DEADLINE_MS,
        what: 'the lines that waited',
      });
      assert.is(await stop(child, 'SIGTERM'), 0);
    } finally {
      await stop(child, 'SIGKILL');
    }
  },
  DEADLINE,
);

test(
  'field report B8: a server that cannot start exits with its code even where nothing can be written',
  async () => {
    const full = new Pipe();
    full.fill();
    for (const end of [full.open(), openSync('/dev/full', 'w')]) {
      const child = spawn(process.execPath, [MAIN, '/none.cfg'], { stdio: ['ignore', end, end] });
      closeSync(end);
      const [code] = (await once(child, 'exit')) as [number | null];
      assert.is(code, 2);
    }
    full.close();
  },
  DEADLINE,
);

test(
  'field report B8: with 100,000 lines and one slow reader the loop turns, and the last line before the end is there, whole',
  async () => {
    for (const stdio of ['socket', 'pipe'] as const) {
      const pipe = new Pipe();
      const end = pipe.open();
      const child = spawn(process.execPath, [FLOOD, '100000'], {
        stdio: ['pipe', stdio === 'pipe' ? end : 'pipe', 'pipe'],
      });
      closeSync(end);
      let turned = '';
      child.stderr?.on('data', chunk => {
        turned += chunk;
      });
      try {
        await until(() => turned.includes('all said'), {
          deadlineMs: SERVE_DEADLINE_MS,
          what: 'the lines to be logged, which nobody reads',
        });
        let text = '';
        if (stdio === 'pipe') child.stdin?.end('crash\n');
        else {
          child.stdout?.on('data', chunk => {
            text += chunk;
          });
          child.stdin?.end('crash\n');
        }
        await until(
          () => {
            if (stdio === 'pipe') text += pipe.read();
            return child.exitCode !== null && text.includes('it crashes');
          },
          {
            deadlineMs: SERVE_DEADLINE_MS,
            what: `the last line of the crash through a ${stdio}`,
            intervalMs: 1,
          },
        );
        for (const line of text.trimEnd().split('\n')) JSON.parse(line);
        assert.is(child.exitCode, 3);
      } finally {
        await stop(child, 'SIGKILL');
        pipe.close();
      }
    }
  },
  DEADLINE,
);
