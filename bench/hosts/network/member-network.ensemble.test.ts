/** Members in namespaces: their ensemble forms, their links carry no more than the limit, nothing is left. */
import { execa } from 'execa';
import { assert, requirePeer, suite, temporaryFolder, until } from '#test';
import { ZkClient } from '../../load/client/client.ts';
import { Ensemble } from '../../topology/ensemble.ts';
import { planEnsemble } from '../../topology/plan.ts';
import { readTopology } from '../../topology/read-topology.ts';
import { LOCAL_HOST } from '../local-host.ts';
import { bitsPerSecond } from './link-limits.ts';
import { hubCommands, hubName, labOf, memberCommands, memberSpace } from './network-commands.ts';
import { networkSupport } from './network-support.ts';
import { runAll, runWords, spaceNames } from './run-commands.ts';

const test = suite('hosts: members in namespaces');
const { bandwidth: problem } = await networkSupport();

const DEADLINE = { deadlineMs: 240_000 };
const BANDWIDTH = '8mbit';
const VALUE_BYTES = 500_000;
/** What the limit lets through at once, and other traffic of the member, leave out a part of the wait. */
const LEAST_MS = (0.8 * VALUE_BYTES * 8 * 1_000) / bitsPerSecond(BANDWIDTH)!;

function ownSpaces(): string[] {
  return spaceNames().filter(name => labOf(name) === process.pid);
}

/** How long one node takes to come from a member. */
async function readMs({ ensemble, name }: { ensemble: Ensemble; name: string }): Promise<number> {
  const client = await ZkClient.connect(ensemble.member(name).ownAddress);
  try {
    const fromMs = performance.now();
    const { data } = await client.getData('/large');
    assert.is(data?.length, VALUE_BYTES);
    return performance.now() - fromMs;
  } finally {
    await client.close();
  }
}

test(
  'the link of a member carries no more than its bandwidth, and nothing is left at the end',
  async () => {
    requirePeer('networks of members', problem === undefined, problem ?? '');
    const topology = readTopology(`voters=2 bandwidth=${BANDWIDTH}`);
    const plan = await planEnsemble(topology, temporaryFolder());
    const ensemble = await Ensemble.start(plan);
    try {
      const spaces = ownSpaces();
      assert.is(spaces.length, 3, `a hub and two members: ${spaces.join()}`);
      const client = await ZkClient.connect(ensemble.connectString());
      await client.create('/large', Buffer.alloc(VALUE_BYTES, 1));
      await client.close();

      const before = (await plan.network!.bytes()).get('v1')!;
      const limitedMs = await readMs({ ensemble, name: 'v1' });
      const after = (await plan.network!.bytes()).get('v1')!;
      assert.ok(limitedMs >= LEAST_MS, `${limitedMs} ms`);
      assert.ok(after.sent - before.sent >= VALUE_BYTES, 'the link counts what it carried');

      // Planted: a limit that is not in force shows in the time, and so in the bytes of that time. No read is
      // that fast with it; without it one of several is, on a busy machine too.
      const hub = spaces.find(name => !/-v\d$/.test(name))!;
      await runWords(['tc', '-n', memberSpace(hub, 'v1'), 'qdisc', 'del', 'dev', 'eth0', 'root']);
      await until(async () => (await readMs({ ensemble, name: 'v1' })) < LEAST_MS / 2, {
        deadlineMs: 60_000,
        what: `a read without the limit, in less than half of ${LEAST_MS} ms`,
      });
    } finally {
      await ensemble.stop();
    }
    assert.equal(ownSpaces(), []);
  },
  DEADLINE,
);

test(
  'a member that is down refuses the lab, as it does without a network',
  async () => {
    requirePeer('networks of members', problem === undefined, problem ?? '');
    const plan = await planEnsemble(readTopology('voters=1 bandwidth=1gbit'), temporaryFolder());
    const ensemble = await Ensemble.start(plan);
    try {
      const [member] = ensemble.members;
      // On a busy machine it may miss a question.
      const reports = (mode: string) =>
        until(async () => (await member!.mode()) === mode, { deadlineMs: 60_000, what: mode });
      await reports('leader');
      await member!.process.kill();
      assert.is(await member!.mode(), 'down');
      await ensemble.restart('v1');
      await reports('leader');
    } finally {
      await ensemble.stop();
    }
  },
  DEADLINE,
);

test('the next lab removes the namespaces that a SIGKILL left, and no others', async () => {
  requirePeer('networks of members', problem === undefined, problem ?? '');
  const dead = execa('true');
  await dead;
  const left = hubName(dead.pid!, 1);
  const own = hubName(process.pid, 900);
  const commands = (hub: string) => [
    ...hubCommands(hub),
    ...memberCommands(hub, { name: 'v1', host: '127.7.0.1', limits: {} }, 0),
  ];
  await runAll(commands(own));
  // Another test's lab may come first, in the middle of this.
  await runAll(commands(left)).catch(() => {});
  LOCAL_HOST.reap();
  const stay = spaceNames();
  for (const name of [memberSpace(own, 'v1'), own]) await runWords(['ip', 'netns', 'del', name]);
  assert.not(stay.some(name => name.startsWith(left)));
  assert.equal(stay.filter(name => name.startsWith(own)).sort(), [own, memberSpace(own, 'v1')]);
});
