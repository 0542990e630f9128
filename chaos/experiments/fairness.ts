/**
 * Measures what greedy neighbours cost a quiet client at the leader of one topology. It runs last, because
 * the requests of the neighbours fill the tree.
 */
import { z } from 'zod';
import { withCoreAtHand } from '../../bench/fairness/core-at-hand.ts';
import { makeFairnessTree } from '../../bench/fairness/fairness-tree.ts';
import { NeighbourProcess } from '../../bench/fairness/neighbour-process.ts';
import { measureQuietClient, QUIET_WORKLOAD } from '../../bench/fairness/quiet-client.ts';
import { noPreference } from '../../bench/hosts/process-priority.ts';
import type { LoadTarget } from '../../bench/load/load-spec.ts';
import { preload } from '../../bench/load/workload/preload.ts';
import { loadMs } from '../../bench/rounds/expected-time.ts';
import type { Member } from '../../bench/topology/member.ts';
import { CONDITIONS } from '../../results/names.ts';
import type { Experiment } from './experiment.ts';
import type { MeasureOptions } from './measure-options.ts';
import type { Stage } from './stage.ts';
import { count, milliseconds, rounds } from './suite.ts';

const METRIC = 'quietReadP99';
const PHASES = [CONDITIONS.greedyElsewhere, CONDITIONS.greedyNeighbours] as const;

const keys = {
  /**
   * Reads of a quiet client, alone and beside greedy neighbours, at the leader of the first topology. A suite
   * without it does not measure them.
   */
  fairness: z
    .strictObject({
      rounds,
      readsPerSecond: count,
      warmupMs: milliseconds,
      durationMs: count,
      /** Children of the znode that neighbours list and count. */
      children: count,
    })
    .optional(),
};

type FairnessOptions = z.infer<z.ZodObject<typeof keys>>;

export const fairness: Experiment<FairnessOptions> = {
  name: 'fairness',
  description: 'reads of a quiet client beside greedy neighbours, at their member and at another',
  keys,
  withRounds: ({ fairness }, rounds) => (fairness === undefined ? {} : { fairness: { ...fairness, rounds } }),
  provides: ({ fairness }) => (fairness === undefined ? [] : ['greedyNeighbours']),
  share: 1,
  expectedMs: ({ fairness }) =>
    fairness === undefined
      ? 0
      : fairness.rounds * PHASES.length * loadMs(fairness.warmupMs, fairness.durationMs),
  async run(options) {
    const [first] = options.lab.stages;
    if (first !== undefined) await measureFairness(options, first, this.share);
  },
};

async function measureFairness(
  options: MeasureOptions<FairnessOptions>,
  stage: Stage,
  share: number,
): Promise<void> {
  const { suite, plan, cells, lab, recorder } = options;
  const { rounds, children, ...pace } = suite.fairness!;
  await cells.prepare(stage, 'the tree of the neighbours', async () => {
    const { leader } = await stage.assignRoles();
    await makeFairnessTree(targetOf(leader), children);
    await preload(leader.plan.ports.client, QUIET_WORKLOAD, 0);
  });
  const neighbours = new NeighbourProcess();
  // A busy leader would wait longer for a core than one whose neighbours are elsewhere.
  const isPreferred = (await noPreference()) === undefined;
  const phase = (condition: string, round: number) =>
    cells.measure({ experiment: fairness.name, stage, condition, round, of: rounds }, async () => {
      const { leader, keptFollower = leader } = await stage.assignRoles();
      const target = targetOf(leader);
      const neighbourTarget = targetOf(condition === CONDITIONS.greedyElsewhere ? keptFollower : leader);
      const measure = () =>
        measureQuietClient({
          driver: lab.driver,
          neighbours,
          target,
          neighbour: 'crowd',
          neighbourTarget,
          ...pace,
        });
      const users = { serverPid: leader.pid, driverPid: lab.driver.pid };
      const measured = isPreferred ? (await withCoreAtHand(users, measure)).value : await measure();
      const place = { metric: METRIC, topology: stage.name, condition };
      const [reason] = measured.voidReasons;
      if (reason === undefined) recorder.sample(place, round, measured.waits.p99);
      else recorder.voided(place, round, reason);
    });
  const measure = async (round: number): Promise<void> => {
    for (const condition of PHASES) await phase(condition, round);
  };
  try {
    await plan.rounds(fairness.name, { rounds, roundsMin: suite.roundsMin, share }, [{ measure }]);
  } finally {
    await neighbours.close();
  }
}

function targetOf(member: Member): LoadTarget {
  return { name: member.name, ...member.plan.ports.client };
}
