import { z } from 'zod';
import { CONDITIONS } from '../../results/names.ts';
import type { Experiment } from './experiment.ts';
import { contextOf } from './measure-options.ts';
import { measureSync } from './measurements/sync-time.ts';
import { canReplaceLeader } from './stage.ts';
import { count, rounds } from './suite.ts';

const keys = {
  /** The leader is killed and everybody comes back, so many times per topology. */
  sync: z.strictObject({ rounds, everyMs: count }),
};

/** A kill, an election, and until the killed member serves again; for the estimate alone. */
const ELECTION_MS = 2_500;

/** The leader is killed, and everybody comes back. */
export const syncs: Experiment<z.infer<z.ZodObject<typeof keys>>> = {
  name: 'syncs',
  description: 'the leader is killed: time until a write commits and until every learner serves again',
  keys,
  withRounds: ({ sync }, rounds) => ({ sync: { ...sync, rounds } }),
  provides: () => ['leaderKilled'],
  share: 0.82,
  expectedMs: ({ sync }, { topologies }) =>
    sync.rounds * topologies.filter(canReplaceLeader).length * ELECTION_MS,
  async run(options) {
    const { suite, lab, plan, cells } = options;
    const { rounds, everyMs } = suite.sync;
    const condition = CONDITIONS.leaderKilled;
    await plan.rounds(
      this.name,
      { rounds, roundsMin: suite.roundsMin, share: this.share },
      lab.stages
        .filter(({ topology }) => canReplaceLeader(topology))
        .map(stage => ({
          measure: round =>
            cells.measure({ experiment: this.name, stage, condition, round, of: rounds }, () =>
              measureSync(contextOf(options, stage, condition, round), everyMs),
            ),
        })),
    );
  },
};
