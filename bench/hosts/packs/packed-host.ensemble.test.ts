/** Several servers of an ensemble in one process. */
import { join } from 'node:path';
import { assert, suite, temporaryFolder, until } from '#test';
import { Ensemble } from '../../topology/ensemble.ts';
import { planEnsemble } from '../../topology/plan.ts';
import { readTopology } from '../../topology/read-topology.ts';

const test = suite('bench/hosts: packed members');

test(
  'observers in packs serve, all serve again after the loss of the leader, and each can be stopped and started alone',
  async () => {
    const folder = temporaryFolder();
    const plan = await planEnsemble(
      readTopology('voters=3 observers=6 masters=on packed=3'),
      join(folder, 'lab'),
    );
    const ensemble = await Ensemble.start(plan, { temporaryFolder: folder });
    try {
      const observers = ensemble.members.filter(member => member.plan.role === 'observer');
      assert.is(new Set(observers.map(({ pid }) => pid)).size, 2);
      const leader = await ensemble.leader();
      await leader.stop();
      const deadlineMs = 60_000;
      await until(async () => (await ensemble.leader()) !== leader, { deadlineMs, what: 'another leader' });
      for (const observer of observers)
        await until(async () => (await observer.mode()) === 'observer', { deadlineMs, what: observer.name });
      const [one, other] = observers;
      await one!.stop();
      assert.is(await one!.mode(), 'down');
      assert.is(await other!.mode(), 'observer');
      await ensemble.restart(one!.name);
      assert.match(one!.log.content(), /"event":"synced"/);
    } finally {
      await ensemble.stop();
    }
  },
  { deadlineMs: 120_000 },
);
