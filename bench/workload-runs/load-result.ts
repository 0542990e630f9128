/** What the commands that run workloads have measured, in the form of `result.json`. */
import { REQUEST_COUNTS } from '../../results/names.ts';
import { type Death, type Measurement, type Result, SCHEMA_VERSION } from '../../results/schema.ts';
import { isOpenLoop, type LoadResult, type OperationResult } from '../load/load-spec.ts';
import type { LoadPlan } from '../load/workload/workload-file.ts';
import type { Environment as Probed } from '../measure/environment.ts';
import { LatencyHistogram } from '../measure/histograms.ts';
import { environmentRow, NO_TOXIPROXY } from '../measure/result-rows.ts';
import { summaryOf } from '../stats/result-form.ts';
import { median } from '../stats/summary.ts';
import type { LoadedEnsemble } from './loaded-ensemble.ts';
import { byOperation } from './merge-loads.ts';

/** What a command has measured. */
export interface Measured {
  readonly measurements: readonly Measurement[];
  readonly voidReasons: readonly string[];
  /** What decided the load, beside the workload. */
  readonly inputs: object;
  /** What the numbers cannot show. */
  readonly limits: readonly string[];
}

export interface WorkloadRun extends Measured {
  readonly run: Omit<Result['run'], 'endedAt' | 'suite'>;
  readonly environment: Probed;
  readonly machineUse: NonNullable<Result['machineUse']>;
  readonly ensemble: Pick<LoadedEnsemble, 'row' | 'server'>;
  /** Members that ended by themselves. */
  readonly deaths: readonly Death[];
  readonly plan: LoadPlan;
}

export function resultOf(measured: WorkloadRun): Result {
  const { run, environment, machineUse, ensemble, deaths, plan, ...rest } = measured;
  const { measurements, voidReasons, inputs, limits } = rest;
  return {
    schemaVersion: SCHEMA_VERSION,
    run: { ...run, suite: plan.name, endedAt: new Date().toISOString() },
    environment: environmentRow(environment, { server: ensemble.server, toxiproxy: NO_TOXIPROXY }),
    machineUse,
    inputs: JSON.parse(JSON.stringify({ workload: plan.written, ...inputs })),
    topologies: [ensemble.row],
    claims: [],
    measurements: [...measurements],
    availability: [],
    syncs: [],
    timelines: [],
    faults: [],
    deaths: [...deaths],
    validity: { void: voidReasons.length > 0, reasons: [...voidReasons] },
    limits: [...limits],
  };
}

/** The measurements of each operation of one load. */
export function loadMeasurements(load: LoadResult, topology: string, condition: string): Measurement[] {
  return byOperation(load.operations).flatMap(row => ofOperation(row, load, { topology, condition }));
}

function ofOperation(row: OperationResult, load: LoadResult, place: Place): Measurement[] {
  const { operation, ok, okInWindow, unknown, errors } = row;
  const isOpen = isOpenLoop(load.spec.mode);
  const encoded = isOpen ? row.response : row.service;
  const { p50Us, p95Us, p99Us } = LatencyHistogram.decode(encoded).percentiles();
  const kind = isOpen ? 'response' : 'service';
  const failed = Object.entries(errors).map(
    ([code, count]) => [`${REQUEST_COUNTS.failed}${code}`, count] as const,
  );
  const seconds = load.spec.durationMs / 1000;
  const warnings = load.voidReasons.map(reason => `round 1: ${reason}`);
  const rate = single(place, `${operation} rate`, 'operations/s', okInWindow / seconds, warnings);
  const latencies = [
    ['p50', p50Us],
    ['p95', p95Us],
    ['p99', p99Us],
  ] as const;
  return [
    {
      ...rate,
      exactCounts: Object.fromEntries([
        [REQUEST_COUNTS.ok, ok],
        [REQUEST_COUNTS.unanswered, unknown],
        ...failed,
      ]),
      ...(ok > 0 && { histogram: { encoded: encoded.base64, unit: 'us' as const } }),
    },
    ...latencies.flatMap(([name, us]) =>
      us === undefined ? [] : [single(place, `${operation} ${kind} ${name}`, 'ms', us / 1000, warnings)],
    ),
  ];
}

export interface Place {
  readonly topology: string;
  readonly condition: string;
}

/** A value that was measured once. */
export function single(
  { topology, condition }: Place,
  metric: string,
  unit: string,
  value: number,
  warnings: readonly string[] = [],
): Measurement {
  return {
    id: `${metric}/${topology}/${condition}`,
    metric,
    topology,
    condition,
    unit,
    higherIsBetter: unit !== 'ms',
    samples: [{ round: 0, value }],
    summary: summaryOf(median([value]), [...warnings]),
  };
}
