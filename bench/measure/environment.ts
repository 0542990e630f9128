/**
 * Where a result was measured. Numbers of two machines, or of one machine on two days, are not comparable.
 */
import { open } from 'node:fs/promises';
import * as net from 'node:net';
import * as os from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { findApacheZooKeeper } from '../hosts/apache-zookeeper.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../hosts/temporary-folder.ts';
import { middleOf } from '../stats/summary.ts';

export interface Environment {
  at: string;
  hostname: string;
  cpuModel: string;
  cores: number;
  memoryBytes: number;
  kernel: string;
  architecture: string;
  /** Load average over 1 minute before the run: what else ran on the machine. */
  loadAverage: number;
  node: string;
  git: { commit: string; dirty: boolean } | null;
  /** Median of `samples` writes of 4 KiB with fsync, on the disk that will hold the data. */
  diskSync: { medianUs: number; maxUs: number; samples: number } | null;
  /** One byte there and back over TCP on 127.0.0.1. */
  loopbackRoundTrip: { medianUs: number; maxUs: number; samples: number };
  java: string | null;
  apacheZooKeeper: string | null;
}

/** @param dataDirectory where servers will keep their logs, because its disk is the relevant one */
export async function probeEnvironment(dataDirectory: string = os.tmpdir()): Promise<Environment> {
  const loadAverage = os.loadavg()[0]!;
  return {
    at: new Date().toISOString(),
    hostname: os.hostname(),
    cpuModel: os.cpus()[0]?.model ?? 'unknown',
    cores: os.availableParallelism(),
    memoryBytes: os.totalmem(),
    kernel: `${os.type()} ${os.release()}`,
    architecture: os.arch(),
    loadAverage,
    node: process.version,
    git: await gitState(),
    diskSync: await diskSync(dataDirectory),
    loopbackRoundTrip: await loopbackRoundTrip(),
    java: await javaVersion(),
    apacheZooKeeper: findApacheZooKeeper()?.version ?? null,
  };
}

/** Of the code of zklab; null outside a checkout. */
export async function gitState(): Promise<Environment['git']> {
  const commit = await output('git', ['rev-parse', 'HEAD']);
  if (commit === null) return null;
  return { commit, dirty: (await output('git', ['status', '--porcelain'])) !== '' };
}

async function output(command: string, args: string[]): Promise<string | null> {
  const cwd = import.meta.dirname;
  const { exitCode, stdout } = await execa(command, args, { cwd, reject: false, timeout: 5_000 });
  return exitCode === 0 ? stdout.trim() : null;
}

/** Null when the directory is not writable. */
export async function diskSync(directory: string, samples = 50): Promise<Environment['diskSync']> {
  const folder = temporaryFolderIn(directory);
  if (folder === undefined) return null;
  try {
    const file = await open(join(folder.path, 'probe'), 'w');
    const block = Buffer.alloc(4096, 1);
    const took: number[] = [];
    for (let i = 0; i < samples; i++) {
      await file.write(block);
      const startMs = performance.now();
      await file.datasync();
      took.push((performance.now() - startMs) * 1000);
    }
    await file.close();
    return summaryOf(took);
  } finally {
    folder.remove();
  }
}

/**
 * The next lab removes the folder if this one is killed (field report D4). Undefined when it cannot be
 * created.
 */
function temporaryFolderIn(directory: string): TemporaryFolder | undefined {
  try {
    return makeTemporaryFolder('sync', directory);
  } catch {
    return undefined;
  }
}

export async function loopbackRoundTrip(samples = 200): Promise<Environment['loopbackRoundTrip']> {
  const server = net.createServer(
    { noDelay: true },
    socket => void socket.on('data', byte => socket.write(byte)),
  );
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as net.AddressInfo;
  const socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
  const took: number[] = [];
  await new Promise<void>((resolve, reject) => {
    let startMs = 0;
    const send = (): void => {
      startMs = performance.now();
      socket.write('x');
    };
    socket.on('error', reject);
    socket.on('connect', send);
    socket.on('data', () => {
      took.push((performance.now() - startMs) * 1000);
      if (took.length < samples) send();
      else resolve();
    });
  });
  socket.destroy();
  await new Promise(resolve => server.close(resolve));
  return summaryOf(took);
}

function summaryOf(us: readonly number[]): { medianUs: number; maxUs: number; samples: number } {
  const sorted = [...us].sort((a, b) => a - b);
  return {
    medianUs: Math.round(middleOf(sorted)),
    maxUs: Math.round(sorted.at(-1)!),
    samples: sorted.length,
  };
}

async function javaVersion(): Promise<string | null> {
  const { exitCode, stderr } = await execa('java', ['-version'], { reject: false, timeout: 10_000 });
  return exitCode === 0 ? (/version "([^"]+)"/.exec(stderr)?.[1] ?? null) : null;
}
