/**
 * The local host does what the interface says, with real processes: start, signal, read, usage, budget, end.
 */
import { chmodSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { assert, suite, temporaryFolder, until } from '#test';
import { UsageError } from '../usage-error.ts';
import { CappedLog } from './capped-log.ts';
import { LOCAL_HOST } from './local-host.ts';
import { commandLineOf } from './process-identity.ts';

const test = suite('hosts: this machine');

const BUSY = 'console.log("up"); for (;;);';

function start(folder: string, script = BUSY) {
  const marker = join(folder, 'marker');
  const command = { file: process.execPath, args: ['-e', script, marker] };
  return LOCAL_HOST.start({ command, log: new CappedLog(join(folder, 'log')), cwd: folder, marker });
}

test('a process is started, paused, continued and ended; a signal to a gone process has no effect', async () => {
  const running = start(temporaryFolder());
  const { pid } = running;
  const isNow = (state: string) =>
    until(() => LOCAL_HOST.stateOf(pid) === state, {
      deadlineMs: 30_000,
      what: `the process to be ${state}`,
    });
  await isNow('running');
  LOCAL_HOST.signal(pid, 'SIGSTOP');
  await isNow('stopped');
  LOCAL_HOST.signal(pid, 'SIGCONT');
  await isNow('running');
  assert.equal(await running.kill(), { code: undefined, signal: 'SIGKILL' });
  assert.is(LOCAL_HOST.stateOf(pid), 'gone');
  LOCAL_HOST.signal(pid, 'SIGCONT');
  assert.is(LOCAL_HOST.usage(pid), null);
});

test('a command that the machine does not have is refused by its name', () => {
  const folder = temporaryFolder();
  const log = new CappedLog(join(folder, 'log'));
  const command = { file: '/none/zkServer.sh', args: [] };
  assert.throws(
    () => LOCAL_HOST.start({ command, endsWithInput: true, log, cwd: folder, marker: folder }),
    (error: Error) => error instanceof UsageError && /^\/none\/zkServer\.sh could not/.test(error.message),
  );
});

test('a file of a member is written into a new folder, replaced, and read', async () => {
  const folder = temporaryFolder();
  const file = join(folder, 'v1', 'zoo.cfg');
  await LOCAL_HOST.writeFile(file, 'tickTime=100\n');
  await LOCAL_HOST.writeFile(file, 'tickTime=200\n');
  assert.is(await LOCAL_HOST.readFile(file), 'tickTime=200\n');
  assert.equal(readdirSync(join(folder, 'v1')), ['zoo.cfg']);
  await LOCAL_HOST.makeFolder(join(folder, 'v1', 'data', 'log'));
  await LOCAL_HOST.makeFolder(join(folder, 'v1', 'data'));
  assert.equal(readdirSync(join(folder, 'v1', 'data')), ['log']);
});

test('each member has its own addresses', async () => {
  const hosts = (await LOCAL_HOST.addresses(3)).map(({ client }) => client.host);
  assert.is(new Set(hosts).size, 3);
});

test('a budget holds where the machine supports one, and is refused with the reason elsewhere', async () => {
  const running = start(temporaryFolder());
  const { pid } = running;
  try {
    const problem = LOCAL_HOST.noBudget();
    if (problem !== undefined) {
      assert.throws(() => LOCAL_HOST.limitCpu(pid, 0.1), problem);
      return;
    }
    const budget = LOCAL_HOST.limitCpu(pid, 0.1);
    const from = LOCAL_HOST.usage(pid)!;
    await until(() => LOCAL_HOST.usage(pid)!.atMs - from.atMs > 2_000, {
      deadlineMs: 30_000,
      what: 'two seconds',
    });
    const to = LOCAL_HOST.usage(pid)!;
    const cores = (to.cpuMs - from.cpuMs) / (to.atMs - from.atMs);
    assert.ok(cores < 0.2, `${cores.toFixed(2)} cores under a budget of 0.1`);
    const { periods, throttled } = budget.use();
    assert.ok(periods > 10, `${periods} periods in 2 s`);
    assert.ok(throttled > periods / 4, `a busy process waited in ${throttled} of ${periods} periods`);
    budget.lift();
  } finally {
    await running.kill();
  }
});

test('a process that cannot be registered is ended, and the start fails', async () => {
  const runtime = process.env.XDG_RUNTIME_DIR;
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'zklab'));
  // Others may write to this register, so it is refused, as a full disk refuses it.
  chmodSync(join(folder, 'zklab'), 0o777);
  try {
    process.env.XDG_RUNTIME_DIR = folder;
    assert.throws(() => start(folder), 'can be written by other users');
  } finally {
    if (runtime === undefined) delete process.env.XDG_RUNTIME_DIR;
    else process.env.XDG_RUNTIME_DIR = runtime;
  }
  const marked = () =>
    readdirSync('/proc').filter(
      pid => /^\d+$/.test(pid) && commandLineOf(Number(pid)).includes(join(folder, 'marker')),
    );
  await until(() => marked().length === 0, { deadlineMs: 30_000, what: 'the process to end' });
});

test('a start in a folder that somebody removed names the folder, not the command', () => {
  const folder = temporaryFolder();
  const log = new CappedLog(join(folder, 'log'));
  const command = { file: process.execPath, args: ['-e', BUSY] };
  const cwd = join(folder, 'gone');
  assert.throws(
    () => LOCAL_HOST.start({ command, log, cwd, marker: 'x' }),
    `could not be started in ${cwd}: this folder does not exist any more`,
  );
  log.close();
});
