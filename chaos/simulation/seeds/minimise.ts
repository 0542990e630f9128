import { shortestFailing } from '../../delta-debugging.ts';
import type { PlannedFault } from '../faults/index.ts';
import { type SimulationOptions, type SimulationResult, simulate } from '../simulate.ts';

export interface Minimised {
  /** The run of the shortest failing plan that was found. */
  readonly result: SimulationResult;
  /** Number of simulations it took. */
  readonly runs: number;
}

const MINIMISE_RUNS_MAX = 400;

/**
 * Reduces the fault plan of a failing seed to what the failure needs, so that a person reads three faults
 * and not thirty. Deleting a fault changes nothing else, because randomness is drawn by name.
 *
 * @param failing a result of `simulate` with verdict `failed`
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
  shortestFailing(failing.faults, fails);
  return { result: best, runs };
}
