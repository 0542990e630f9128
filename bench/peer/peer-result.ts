/**
 * Combines the rounds of the servers into one result: the medians of each server, and the ratio of every
 * metric with its interval.
 */

import type { Metric } from '../../results/names.ts';
import {
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
import type { EnsemblePlan } from '../topology/planned.ts';
import { type PeerServer, type PerServer, type Round, type Rounds, serversOf } from './servers.ts';

type Samples = Measurement['samples'];

export interface PeerRow {
  readonly metric: Metric;
  readonly zklab: Estimate;
  /** Undefined when ours was measured alone. */
  readonly against?: {
    readonly apache: Estimate;
    /** Ours over Apache's, over paired rounds. */
    readonly ratio: Estimate;
    readonly ratios: Samples;
  };
}

/** One row for each metric that every server has. */
export function peerRows(metrics: readonly Metric[], rounds: Rounds): PeerRow[] {
  return metrics.flatMap(metric => {
    const ours = valuesOf(rounds.zklab, metric);
    if (ours.length === 0) return [];
    const row = { metric, zklab: median(ours) };
    if (rounds.apache === undefined) return [row];
    const theirs = valuesOf(rounds.apache, metric);
    if (theirs.length === 0) return [];
    const against = {
      apache: median(theirs),
      ...ratiosOf(rounds.zklab, rounds.apache, metric),
    };
    return [{ ...row, against }];
  });
}

/** Only rounds in which both have the reading: one that is missing must not shift the pairs behind it. */
function ratiosOf(ours: readonly Round[], theirs: readonly Round[], { name }: Metric) {
  const pairs = ours.flatMap(({ readings }, round) => {
    const [a, b] = [theirs[round]?.readings[name], readings[name]];
    return a === undefined || b === undefined ? [] : [{ round, a, b }];
  });
  const ratio = pairedRatio(
    pairs.map(({ a }) => a),
    pairs.map(({ b }) => b),
  );
  const ratios = pairs.map(({ round, a, b }) => ({ round, value: b / a }));
  return { ratio, ratios: ratios.filter(({ value }) => Number.isFinite(value)) };
}

/** Samples of the rounds that have the metric, with the numbers of those rounds. */
function samplesOf(rounds: readonly Round[], { name }: Metric): Samples {
  return rounds.flatMap(({ readings }, round) => {
    const value = readings[name];
    return value === undefined ? [] : [{ round, value }];
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
  readonly versions: PerServer<string>;
  readonly plans: PerServer<EnsemblePlan>;
  readonly metrics: readonly Metric[];
  readonly rounds: Rounds;
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
      server: { implementation: 'zklab', version: run.versions.zklab },
      toxiproxy: NO_TOXIPROXY,
    }),
    machineUse: run.machineUse,
    inputs: run.inputs,
    topologies: serversOf(run.plans).map(server => ({
      ...topologyRow(run.plans[server]!.topology),
      name: server,
    })),
    claims: [],
    measurements: peerRows(metrics, rounds).flatMap(row => measurementsOf(row, rounds)),
    availability: [],
    syncs: [],
    timelines: [],
    faults: [],
    deaths: [...run.deaths],
    validity: { void: voidReasons.length > 0, reasons: [...voidReasons] },
    limits: [...run.limits],
  };
}

function measurementsOf({ metric, zklab, against }: PeerRow, rounds: Rounds): Measurement[] {
  const { name, unit, higherIsBetter } = metric;
  const measurement = (
    server: PeerServer,
    metricName: string,
    estimate: Estimate,
    samples: Samples,
    valueUnit: string = unit,
  ): Measurement => ({
    id: `${metricName} ${server}`,
    metric: metricName,
    topology: server,
    condition: 'healthy',
    unit: valueUnit,
    higherIsBetter,
    samples,
    summary: summaryOf(estimate, estimate.warnings),
  });
  const ours = measurement('zklab', name, zklab, samplesOf(rounds.zklab, metric));
  if (against === undefined) return [ours];
  return [
    ours,
    measurement('apache', name, against.apache, samplesOf(rounds.apache ?? [], metric)),
    measurement('zklab', `${name}, ours over Apache's`, against.ratio, against.ratios, '×'),
  ];
}
