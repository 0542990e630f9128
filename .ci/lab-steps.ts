/** What CI asks of the lab itself, beside the tests: seeds of the simulation, and a schedule of chaos. */
import { EXIT_CODES } from '../results/verdicts.ts';

const SEEDS = 1_000;
/** The first ones run in the unit tests already. */
const FIRST_SEED = 1_001;
const SMOKE_TRIES_MAX = 2;
const SMOKE_SEED = 5;

export interface LabStep {
  readonly name: string;
  /** What its end means, for the last lines of a log. `isGood` decides about the whole check. */
  run(zklab: Zklab): Promise<{ readonly isGood: boolean; readonly said: string }>;
}

/** Runs a command of zklab. Resolves to its exit code. */
export type Zklab = (words: readonly string[]) => Promise<number>;

/** A seed repeats exactly, so one that fails says something about the code, on any machine. */
export const simulation: LabStep = {
  name: `${SEEDS} seeds of the simulation`,
  async run(zklab) {
    const isGood =
      (await zklab(['sim', '--first', String(FIRST_SEED), '--seeds', String(SEEDS)])) === EXIT_CODES.holds;
    return { isGood, said: isGood ? 'none failed' : 'failed' };
  },
};

/**
 * A run that failed fails the check at once, because a wrong history is wrong once. A void run shows nothing:
 * a fault did not bite, or the ensemble was not whole again in time, as on a machine that has too much to do.
 * The change is not to blame for that, so the schedule is run once more, and a second void is only reported.
 */
export const smoke: LabStep = {
  name: 'the schedule of chaos "smoke"',
  async run(zklab) {
    for (let attempt = 1; attempt <= SMOKE_TRIES_MAX; attempt++) {
      const code = await zklab(['chaos', 'smoke', '--seed', String(SMOKE_SEED)]);
      if (code === EXIT_CODES.holds) return { isGood: true, said: 'nothing failed, and every fault bit' };
      if (code !== EXIT_CODES.void) return { isGood: false, said: 'failed' };
    }
    return { isGood: true, said: `NOT SHOWN: void ${SMOKE_TRIES_MAX} times, so chaos was not checked` };
  },
};
