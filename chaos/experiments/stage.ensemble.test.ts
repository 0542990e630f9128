import { join } from 'node:path';
import { assert, suite, temporaryFolder } from '#test';
import { readTopology } from '../../bench/topology/read-topology.ts';
import { NO_EVENTS } from '../../results/events.ts';
import { latency } from '../faults/latency.ts';
import { refuse } from '../faults/refuse.ts';
import { findToxiproxy } from '../toxiproxy/find.ts';
import { Stage } from './stage.ts';

const test = suite('chaos/experiments: stage');

test('members are named by their roles, and an observer that went to the leader is behind a master before anything is measured', async () => {
  const folder = temporaryFolder();
  const toxiproxy = await findToxiproxy({ seed: 1 });
  const stage = await Stage.start({
    topology: readTopology('voters=3 observers=1 masters=on'),
    ...{ folder: join(folder, 'lab'), temporaryFolder: folder, label: 'masters' },
    ...{ toxiproxy, seed: 1, events: NO_EVENTS, signal: new AbortController().signal },
  });
  try {
    const { leader, observers } = await stage.assignRoles();
    const followers = stage.ensemble.members.filter(
      member => member.plan.role === 'participant' && member !== leader,
    );
    // A condition of a suite may name members by the role that they have at the time.
    const byRole = { from: { role: 'follower' }, to: { role: 'leader' } } as const;
    const slow = await latency({ select: byRole, latencyMs: 1 }).inject(stage.faults);
    const dialed = followers.map(({ name }) => `${name}.${leader.name}.quorum`);
    for (const link of dialed) assert.ok(stage.shortNames(slow.links).includes(link), slow.links.join());
    await slow.heal();
    const masterOf = async () => (await stage.ensemble.learnerMasters()).get('o1');
    const select = {
      from: stage.ends(observers),
      to: stage.ends(followers),
      kinds: ['observerMaster' as const],
    };
    const closed = await refuse({ select }).inject(stage.faults);
    await observers[0]!.stop();
    await stage.ensemble.restart('o1');
    assert.is(await masterOf(), leader.name);
    await closed.heal();

    await stage.assignRoles();
    const master = await masterOf();
    assert.ok(
      followers.some(({ name }) => name === master),
      master,
    );
  } finally {
    await stage.stop();
    await toxiproxy.stop();
  }
});
