import type { PlannedFault } from './fault.ts';
import { type SimulationOptions, type SimulationResult, simulate } from './simulate.ts';

export interface Minimised {
  /** The shortest plan found; the run still fails with it. */
  readonly result: SimulationResult;
  /** Simulations it took. */
  readonly runs: number;
}

const MINIMISE_RUNS_MAX = 400;

/**
 * Cuts the fault plan of a failing seed down to what the failure needs (delta debugging), so that a person
 * reads three faults and not thirty. Deleting a fault moves nothing else: chances are drawn by name.
 *
 * @param failing a result of `simulate` with verdict `failed`
 * @see Zeller and Hildebrandt, Simplifying and Isolating Failure-Inducing Input (2002)
 */
export function minimise(
  failing: SimulationResult,
  options: SimulationOptions,
  runsMax: number = MINIMISE_RUNS_MAX,
): Minimised {
  let best = failing;
  let runs = 0;
  const fails = (faults: readonly PlannedFault[]): boolean => {
    if (runs >= runsMax) return false;
    runs++;
    const result = simulate(failing.seed, { ...options, faults });
    if (result.verdict !== 'failed') return false;
    best = result;
    return true;
  };
  let parts = 2;
  while (best.faults.length > 1) {
    const chunks = split(best.faults, Math.min(parts, best.faults.length));
    const before = best.faults.length;
    const wasFiner = parts < before;
    const found = chunks.some((_, left) => fails(chunks.filter((_, at) => at !== left).flat()));
    if (found) parts = Math.max(2, parts - 1);
    else if (wasFiner) parts *= 2;
    else break;
  }
  if (best.faults.length === 1) fails([]);
  return { result: best, runs };
}

function split<T>(items: readonly T[], parts: number): T[][] {
  return Array.from({ length: parts }, (_, at) =>
    items.slice(Math.floor((at * items.length) / parts), Math.floor(((at + 1) * items.length) / parts)),
  );
}
