/** Results with planted numbers, for tests of judges. Nothing in here was measured. */
import { CONDITIONS } from '../../results/names.ts';
import type { Measurement, Topology } from '../../results/schema.ts';
import { type Evidence, VOID_ROUND } from './judging/evidence.ts';

export interface Planted {
  readonly metric: string;
  readonly topology: string;
  readonly condition?: string;
  readonly values?: readonly number[];
  /** Rounds for each start; without it, all rounds share one. */
  readonly roundsPerStart?: number;
  /** @default 0 */
  readonly firstRound?: number;
  readonly voidRounds?: number;
  readonly counts?: Record<string, number>;
}

export function plantedTopology(name: string, voters: number, observers: number, masters = false): Topology {
  const members = Array.from({ length: voters + observers }, (_, index) => {
    const role = index < voters ? ('voter' as const) : ('observer' as const);
    return { name: `s${index + 1}`, sid: index + 1, role, observerMaster: masters && role === 'voter' };
  });
  return { name, shortForm: name, members };
}

export const TOPOLOGIES = [
  plantedTopology('voters', 3, 0),
  plantedTopology('observers', 3, 2),
  plantedTopology('masters', 3, 2, true),
  plantedTopology('voters5', 5, 0),
];

export function plantedResult(planted: readonly Planted[], topologies = TOPOLOGIES): Evidence['result'] {
  return {
    topologies,
    measurements: planted.map(measurementOf),
    availability: [],
    faults: [],
    environment: {
      cores: 2,
      server: { implementation: 'zklab', version: '' },
    } as Evidence['result']['environment'],
    suite: 'quick',
  };
}

function measurementOf(planted: Planted): Measurement {
  const { metric, topology, condition = CONDITIONS.healthy, values = [], voidRounds = 0, counts } = planted;
  const { firstRound = 0, roundsPerStart } = planted;
  const warnings = Array.from(
    { length: voidRounds },
    (_, index) => `${VOID_ROUND} ${values.length + index + 1}: blackhole did not bite`,
  );
  const sorted = [...values].sort((a, b) => a - b);
  return {
    id: `${metric}/${topology}/${condition}`,
    metric,
    topology,
    condition,
    unit: 'unit',
    higherIsBetter: true,
    samples: values.map((value, index) => ({
      round: firstRound + index,
      value,
      ...(roundsPerStart !== undefined && { start: Math.floor(index / roundsPerStart) }),
    })),
    summary: {
      median: sorted[Math.floor(sorted.length / 2)] ?? null,
      low: null,
      high: null,
      n: values.length,
      warnings,
    },
    ...(counts && { exactCounts: counts }),
  };
}

/** Log-normal noise of this standard deviation around 1, from a source of numbers in [0, 1). */
export function noise(random: () => number, spread: number): number {
  return Math.exp(spread * gauss(random));
}

export function gauss(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** `n` distinct values around `centre`, the same at each call. `spread` is a share of the centre. */
export function around(centre: number, { n = 6, spread = 0.02 } = {}): number[] {
  return Array.from({ length: n }, (_, index) => centre * (1 + spread * (((index * 7) % n) / n - 0.5)));
}
