/** What is left of an ensemble when its lab is killed: nothing, or what the next lab removes. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { assert, requirePeer, suite, until } from '#test';
import { findApacheZooKeeper } from '../hosts/apache-zookeeper.ts';
import { findSetpriv } from '../hosts/dies-with-parent.ts';
import { LOCAL_HOST } from '../hosts/local-host.ts';
import { labOf } from '../hosts/network/network-commands.ts';
import { networkSupport } from '../hosts/network/network-support.ts';
import { spaceNames } from '../hosts/network/run-commands.ts';
import { identityOf, signalGroup } from '../hosts/process-identity.ts';
import { reap } from '../hosts/reaper.ts';

const test = suite('death of the lab');
const LAB = fileURLToPath(new URL('./testing/lab.js', import.meta.url));
const DEADLINE = { deadlineMs: 240_000 };

for (const server of ['zklab', 'apache'])
  for (const signal of ['SIGKILL', 'SIGINT', 'SIGTERM'] as const) {
    const title = `${server}: ${signal} of the lab leaves no member running, and no folder after the next lab`;
    test(title, () => leavesNothing(server, signal), DEADLINE);
  }

async function leavesNothing(server: string, signal: NodeJS.Signals): Promise<void> {
  if (server === 'apache') {
    requirePeer('apache zookeeper', findApacheZooKeeper(), 'the lab starts it like every member');
    requirePeer('setpriv', findSetpriv(), 'it ends a JVM whose lab is gone');
  }
  // Each JVM is guarded in the same way, and costs much to start.
  const lab = await startLab(server === 'apache' ? 'voters=1 server=apache' : 'voters=3');
  lab.kill(signal);
  const gone = () => lab.pids.every(pid => !identityOf(pid));
  await until(gone, { deadlineMs: 60_000, what: 'all members to end' });
  await lab.ended;
  reap();
  assert.not(existsSync(lab.folder));
}

test(
  'SIGKILL of a lab whose members have networks of their own leaves no namespace after the next lab',
  async () => {
    const { bandwidth: problem } = await networkSupport();
    requirePeer('networks of members', problem === undefined, problem ?? '');
    const lab = await startLab('voters=1 bandwidth=1gbit');
    const spaces = () => spaceNames().filter(name => labOf(name) === lab.pid);
    assert.is(spaces().length, 2, 'a hub and a member');
    lab.kill('SIGKILL');
    await lab.ended;
    LOCAL_HOST.reap();
    assert.equal(spaces(), []);
    await until(() => lab.pids.every(pid => !identityOf(pid)), {
      deadlineMs: 60_000,
      what: 'the member to end',
    });
    assert.not(existsSync(lab.folder));
  },
  DEADLINE,
);

test(
  'planted: an unguarded member outlives its lab, and the next lab ends it',
  async () => {
    const lab = await startLab('none', 'unguarded');
    const [pid] = lab.pids as [number];
    lab.kill('SIGKILL');
    await lab.ended;
    try {
      assert.ok(identityOf(pid), 'the member was meant to survive');
      const reaped = reap();
      assert.equal(reaped.filter(each => each.pid === pid).length, 1);
      await until(() => !identityOf(pid), { deadlineMs: 60_000, what: 'the reaped member to end' });
      assert.not(existsSync(lab.folder));
    } finally {
      signalGroup(pid, 'SIGKILL');
    }
  },
  DEADLINE,
);

test(
  'the members of a living lab are left alone',
  async () => {
    const lab = await startLab('none', 'unguarded');
    const [pid] = lab.pids as [number];
    try {
      assert.equal(
        reap().filter(each => each.pid === pid),
        [],
      );
      assert.ok(identityOf(pid));
    } finally {
      lab.kill('SIGKILL');
      await lab.ended;
      reap();
    }
  },
  DEADLINE,
);

async function startLab(...args: string[]) {
  const child = execa(process.execPath, [LAB, ...args], { reject: false, cleanup: true });
  let printed = '';
  child.stdout.on('data', (text: Buffer) => {
    printed += text;
  });
  await until(() => printed.includes('\n') || child.exitCode !== null, {
    deadlineMs: 150_000,
    what: 'the lab',
  });
  if (!printed.includes('\n')) throw new Error(`the lab ended: ${(await child).stderr}`);
  const { pids, folder } = JSON.parse(printed) as { pids: number[]; folder: string };
  return {
    pid: child.pid!,
    pids,
    folder,
    ended: child.then(() => {}),
    kill: (signal: NodeJS.Signals) => child.kill(signal),
  };
}
