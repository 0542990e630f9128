/** What CI asks of the lab itself, beside the tests: seeds of the simulation, and a schedule of chaos. */
import { EXIT_CODES } from '../results/verdicts.ts';

export const SEEDS = 1_000;
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
export function simulation(processes: number): LabStep {
  return {
    name: `${SEEDS} seeds of the simulation`,
    async run(zklab) {
      const codes = await Promise.all(
        seedParts(processes).map(({ first, seeds }) =>
          zklab(['sim', '--first', String(first), '--seeds', String(seeds)]),
        ),
      );
      const isGood = codes.every(code => code === EXIT_CODES.holds);
      return { isGood, said: isGood ? 'none failed' : 'failed' };
    },
  };
}

/** All seeds once, in parts that differ by at most one seed. */
export function seedParts(processes: number): { readonly first: number; readonly seeds: number }[] {
  const beginOf = (part: number) => FIRST_SEED + Math.floor((SEEDS * part) / processes);
  return Array.from({ length: processes }, (_, part) => ({
    first: beginOf(part),
    seeds: beginOf(part + 1) - beginOf(part),
  }));
}

/**
 * A run that failed fails the check at once, because a wrong history is wrong once. A void run shows nothing:
 * a fault did not bite, or the ensemble was not whole again in time, as on a machine that has too much to do.
 * The change is not to blame for that, so the schedule is run once more, and a second void is only said.
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
