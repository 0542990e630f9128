/**
 * Combines the rounds of the servers into one result: the medians of each server, and the ratio of every
 * metric with its interval.
 */

import type { Metric } from '../../results/names.ts';
import {
  type Claim,
  type Death,
  type MachineUse,
  type Measurement,
  type Result,
  SCHEMA_VERSION,
} from '../../results/schema.ts';
import type { Environment as Probed } from '../measure/environment.ts';
import { environmentRow, NO_TOXIPROXY, topologyRow } from '../measure/result-rows.ts';
import type { Estimate } from '../stats/estimate.ts';
import { pairedRatio } from '../stats/ratio.ts';
import { summaryOf } from '../stats/result-form.ts';
import { median } from '../stats/summary.ts';
import { implementationKind } from '../topology/implementation.ts';
import type { EnsemblePlan } from '../topology/planned.ts';
import { type Contestant, type PerSide, type Round, type Rounds, sidesOf } from './servers.ts';

type Samples = Measurement['samples'];

export interface PeerRow {
  readonly metric: Metric;
  readonly first: Estimate;
  /** Undefined when the first was measured alone. */
  readonly against?: {
    readonly second: Estimate;
    /** The first over the second, over paired rounds. */
    readonly ratio: Estimate;
    readonly ratios: Samples;
  };
}

/** One row for each metric that every server has. */
export function peerRows(metrics: readonly Metric[], rounds: Rounds): PeerRow[] {
  return metrics.flatMap(metric => {
    const values = valuesOf(rounds.first, metric);
    if (values.length === 0) return [];
    const row = { metric, first: median(values) };
    if (rounds.second === undefined) return [row];
    const others = valuesOf(rounds.second, metric);
    if (others.length === 0) return [];
    const against = {
      second: median(others),
      ...ratiosOf(rounds.first, rounds.second, metric),
    };
    return [{ ...row, against }];
  });
}

/**
 * Only rounds in which both have the reading: one that is missing must not shift the pairs behind it. Fresh
 * ensembles differ by more than rounds of one do (which member leads, what was compiled when), so of several
 * starts each is one sample.
 */
function ratiosOf(first: readonly Round[], second: readonly Round[], { name }: Metric) {
  const pairs = first.flatMap(({ readings, start }, round) => {
    const [a, b] = [second[round]?.readings[name], readings[name]];
    return a === undefined || b === undefined ? [] : [{ round, start, a, b }];
  });
  const samples = new Map<number, typeof pairs>();
  for (const pair of pairs) {
    const key = pair.start ?? pair.round;
    samples.set(key, [...(samples.get(key) ?? []), pair]);
  }
  const ratio = pairedRatio(
    [...samples.values()].map(of => geometricMean(of.map(({ a }) => a))),
    [...samples.values()].map(of => geometricMean(of.map(({ b }) => b))),
  );
  const ratios = pairs.map(({ round, start, a, b }) => ({
    round,
    value: b / a,
    ...(start !== undefined && { start }),
  }));
  return { ratio, ratios: ratios.filter(({ value }) => Number.isFinite(value)) };
}

/** So that the mean of ratios is the ratio of means. 0 when one of them is. */
function geometricMean(values: readonly number[]): number {
  return values.length === 1
    ? values[0]!
    : Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}

/** Samples of the rounds that have the metric, with the numbers of those rounds. */
function samplesOf(rounds: readonly Round[], { name }: Metric): Samples {
  return rounds.flatMap(({ readings, start }, round) => {
    const value = readings[name];
    return value === undefined ? [] : [{ round, value, ...(start !== undefined && { start }) }];
  });
}

function valuesOf(rounds: readonly Round[], metric: Metric): number[] {
  return samplesOf(rounds, metric).map(({ value }) => value);
}

export interface PeerRun {
  readonly id: string;
  /** Name of the run and of its suite. */
  readonly name: string;
  readonly startedAt: Date;
  readonly endedAt: Date;
  readonly commandLine: string;
  readonly environment: Probed;
  readonly machineUse: MachineUse;
  /** What the command was told, with every default. */
  readonly inputs: NonNullable<Result['inputs']>;
  readonly deaths: readonly Death[];
  readonly contestants: PerSide<Contestant>;
  /** What the servers say of themselves. */
  readonly versions: PerSide<string>;
  readonly plans: PerSide<EnsemblePlan>;
  readonly metrics: readonly Metric[];
  readonly rounds: Rounds;
  readonly claims: readonly Claim[];
  readonly seed: number;
  readonly voidReasons: readonly string[];
  readonly exitCode: number;
  readonly limits: readonly string[];
}

export function peerResult(run: PeerRun): Result {
  const { id, name, startedAt, endedAt, commandLine, metrics, rounds, seed, voidReasons, exitCode } = run;
  return {
    schemaVersion: SCHEMA_VERSION,
    run: {
      id,
      name,
      suite: name,
      startedAt: startedAt.toISOString(),
      endedAt: endedAt.toISOString(),
      seed,
      commandLine,
      exitCode,
    },
    environment: environmentRow(run.environment, {
      server: { implementation: implementationOf(run.contestants.first), version: run.versions.first },
      toxiproxy: NO_TOXIPROXY,
    }),
    machineUse: run.machineUse,
    inputs: run.inputs,
    topologies: sidesOf(run.plans).map(side => ({
      ...topologyRow(run.plans[side]!.topology),
      name: run.contestants[side]!.name,
    })),
    claims: [...run.claims],
    measurements: peerRows(metrics, rounds).flatMap(row => measurementsOf(row, rounds, run.contestants)),
    availability: [],
    syncs: [],
    timelines: [],
    faults: [],
    deaths: [...run.deaths],
    validity: { void: voidReasons.length > 0, reasons: [...voidReasons] },
    limits: [...run.limits],
  };
}

function measurementsOf(
  { metric, first, against }: PeerRow,
  rounds: Rounds,
  contestants: PerSide<Contestant>,
): Measurement[] {
  const { name, unit, higherIsBetter } = metric;
  const measurement = (
    topology: string,
    metricName: string,
    estimate: Estimate,
    samples: Samples,
    valueUnit: string = unit,
  ): Measurement => ({
    id: `${metricName} ${topology}`,
    metric: metricName,
    topology,
    condition: 'healthy',
    unit: valueUnit,
    higherIsBetter,
    samples,
    summary: summaryOf(estimate, estimate.warnings),
  });
  const [one, other] = [contestants.first.name, contestants.second?.name];
  const alone = measurement(one, name, first, samplesOf(rounds.first, metric));
  if (against === undefined || other === undefined) return [alone];
  return [
    alone,
    measurement(other, name, against.second, samplesOf(rounds.second ?? [], metric)),
    measurement(one, `${name}, ${one} over ${other}`, against.ratio, against.ratios, '×'),
  ];
}

function implementationOf({ topology }: Contestant): Result['environment']['server']['implementation'] {
  const kinds = new Set(topology.members.map(({ implementation }) => implementationKind(implementation)));
  const [kind = 'other'] = kinds;
  return kinds.size === 1 ? kind : 'other';
}
