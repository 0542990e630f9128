/**
 * One short round of `bench fairness` on our server: every neighbour gets something done, and every metric
 * has a value.
 */
import { assert, suite, temporaryFolder } from '#test';
import { LoadDriver } from '../load/load-process.ts';
import { preload } from '../load/workload/preload.ts';
import { Ensemble } from '../topology/ensemble.ts';
import { planEnsemble } from '../topology/plan.ts';
import { readTopology } from '../topology/read-topology.ts';
import { fairnessMetrics, measureFairnessRound, NEIGHBOUR_NAMES } from './fairness-round.ts';
import { makeFairnessTree } from './fairness-tree.ts';
import { NeighbourProcess } from './neighbour-process.ts';
import { QUIET_WORKLOAD } from './quiet-client.ts';

const test = suite('bench fairness');
const DEADLINE = { deadlineMs: 600_000 };
const DURATION_MAX_MS = 10_000;
const IDLE = 'the neighbour got nothing done';

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
      const { signal } = new AbortController();
      const readings: Record<string, number> = {};
      let idle = NEIGHBOUR_NAMES;
      // On a busy machine some need longer for their first piece of work.
      for (let durationMs = 500; idle.length > 0 && durationMs <= DURATION_MAX_MS; durationMs *= 4) {
        const spec = { neighbours, beside: idle, driver, coreAtHand: false, durationMs };
        const round = await measureFairnessRound(ensemble, spec, signal);
        Object.assign(readings, round.readings);
        idle = idle.filter(name => round.voidReasons.some(reason => reason.startsWith(`${name}: ${IDLE}`)));
      }
      assert.equal(idle, []);
      for (const { name } of fairnessMetrics(NEIGHBOUR_NAMES, { nextDoor: false, coreAtHand: false }))
        assert.ok((readings[name] ?? 0) > 0, `${name}: ${readings[name]}`);
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
