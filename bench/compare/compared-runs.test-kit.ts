/** Runs with planted numbers, for tests of comparisons. Nothing in here was measured. */
import { minimalResult } from '../../results/fixtures/minimal.ts';
import type { Claim, Measurement, Result } from '../../results/schema.ts';
import { type ComparedRun, comparedRun } from './compared-run.ts';
import { type Side, sideOf } from './side.ts';

export interface PlantedCell {
  readonly metric?: string;
  readonly topology?: string;
  readonly condition?: string;
  readonly unit?: string;
  readonly higherIsBetter?: boolean;
  readonly values: readonly number[];
  /** Rounds for each start; without it, all rounds share one. */
  readonly roundsPerStart?: number;
  readonly counts?: Record<string, number>;
  readonly warnings?: readonly string[];
}

export interface PlantedRun {
  readonly cells?: readonly PlantedCell[];
  readonly claims?: readonly Partial<Claim>[];
  /** Of 2026-08. */
  readonly day?: number;
  change?(result: Result): void;
}

export function plantedRun({ cells = [], claims = [], day = 1, change }: PlantedRun): ComparedRun {
  const result = minimalResult();
  const date = `2026-08-${String(day).padStart(2, '0')}`;
  Object.assign(result.run, { id: `${date}T02-30-00Z-planted`, startedAt: `${date}T02:30:00.000Z` });
  result.inputs = { server: 'zklab', suite: { rounds: 6, load: { valueBytes: 100 }, settings: {} } };
  result.measurements = cells.map(measurementOf);
  const [claim] = result.claims;
  result.claims = claims.map(planted => ({ ...claim!, evidence: [], ...planted }));
  change?.(result);
  return comparedRun(result);
}

export function plantedSide(...runs: readonly PlantedRun[]): Side {
  return sideOf(runs.map((run, index) => plantedRun({ day: index + 1, ...run })));
}

/** `n` values around `middle` whose logarithms have the standard deviation `spread`. */
export function scattered(random: () => number, n: number, middle: number, spread: number): number[] {
  return Array.from({ length: n }, () => middle * Math.exp(spread * normal(random)));
}

/**
 * A standard normal variable.
 * @see Box and Muller, A note on the generation of random normal deviates (1958)
 */
export function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

function measurementOf(planted: PlantedCell): Measurement {
  const {
    metric = 'writeThroughput',
    topology = 'voters',
    condition = 'healthy',
    unit = 'writes/s',
  } = planted;
  const { higherIsBetter = true, values, roundsPerStart, counts, warnings = [] } = planted;
  return {
    id: `${metric}/${topology}/${condition}`,
    ...{ metric, topology, condition, unit, higherIsBetter },
    samples: values.map((value, round) => ({
      round,
      value,
      ...(roundsPerStart !== undefined && { start: Math.floor(round / roundsPerStart) }),
    })),
    summary: { median: null, low: null, high: null, n: values.length, warnings: [...warnings] },
    ...(counts && { exactCounts: counts }),
  };
}
