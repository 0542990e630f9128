/**
 * One short round of `bench fairness` on our server: every neighbour gets something done, and every metric
 * has a value.
 */
import { assert, suite, temporaryFolder } from '#test';
import { LoadDriver } from '../load/load-process.ts';
import { preload } from '../load/preload.ts';
import { Ensemble } from '../topology/ensemble.ts';
import { planEnsemble } from '../topology/plan.ts';
import { readTopology } from '../topology/read-topology.ts';
import { fairnessMetrics, measureFairnessRound, NEIGHBOUR_NAMES } from './fairness-round.ts';
import { makeFairnessTree } from './fairness-tree.ts';
import { NeighbourProcess } from './neighbour-process.ts';
import { QUIET_WORKLOAD } from './quiet-client.ts';

const test = suite('bench fairness');
const DEADLINE = { deadlineMs: 600_000 };

test(
  'a round has both waits of every phase, no idle neighbour, and all members alive',
  async () => {
    const ensemble = await Ensemble.start(await planEnsemble(readTopology('voters'), temporaryFolder()));
    const neighbours = new NeighbourProcess();
    const driver = new LoadDriver();
    try {
      const target = { name: 'leader', ...(await ensemble.leaderWithin()).plan.ports.client };
      await makeFairnessTree(target);
      await preload(target, QUIET_WORKLOAD, 0);
      const pids = ensemble.members.map(({ pid }) => pid);
      const { readings, voidReasons } = await measureFairnessRound(
        ensemble,
        { neighbours, beside: NEIGHBOUR_NAMES, driver, durationMs: 500 },
        new AbortController().signal,
      );
      for (const { name } of fairnessMetrics(NEIGHBOUR_NAMES))
        assert.ok((readings[name] ?? 0) > 0, `${name}: ${readings[name]}`);
      assert.equal(
        voidReasons.filter(reason => reason.includes('got nothing done')),
        [],
      );
      assert.equal(
        ensemble.members.map(({ pid }) => pid),
        pids,
      );
    } finally {
      await Promise.all([neighbours.close(), driver.close()]);
      await ensemble.stop();
    }
  },
  DEADLINE,
);
