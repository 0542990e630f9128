/** Rounds of two servers as one result: each server's medians, and the ratio of every metric with its interval. */

import { type Measurement, type Result, SCHEMA_VERSION, type Topology } from '../../results/schema.ts';
import type { Environment as Probed } from '../measure/environment.ts';
import type { Estimate } from '../stats/estimate.ts';
import { pairedRatio } from '../stats/ratio.ts';
import { median } from '../stats/summary.ts';
import type { EnsemblePlan } from '../topology/plan.ts';
import { PEER_METRICS, type PeerMetric, type PeerReadings } from './metrics.ts';
import type { PeerRound } from './peer-round.ts';

export const SERVERS = ['zklab', 'apache'] as const;
export type PeerServer = (typeof SERVERS)[number];
export type PeerRounds = Readonly<Record<PeerServer, readonly PeerRound[]>>;

export interface PeerRow {
  readonly metric: PeerMetric;
  readonly zklab: Estimate;
  readonly apache: Estimate;
  /** Ours over Apache's, of paired rounds. */
  readonly ratio: Estimate;
  readonly ratios: readonly number[];
}

/** One row for each metric that both servers have. */
export function peerRows(rounds: PeerRounds): PeerRow[] {
  return PEER_METRICS.map(metric => {
    const [ours, theirs] = SERVERS.map(server => valuesOf(rounds[server], metric.name)) as [
      number[],
      number[],
    ];
    const { ratios } = pairs(theirs, ours);
    return {
      metric,
      zklab: median(ours),
      apache: median(theirs),
      ratio: pairedRatio(theirs, ours),
      ratios,
    };
  }).filter(({ zklab, apache }) => zklab.n > 0 && apache.n > 0);
}

function pairs(theirs: readonly number[], ours: readonly number[]): { ratios: number[] } {
  const rounds = Math.min(theirs.length, ours.length);
  return { ratios: Array.from({ length: rounds }, (_, i) => ours[i]! / theirs[i]!).filter(Number.isFinite) };
}

function valuesOf(rounds: readonly PeerRound[], name: keyof PeerReadings): number[] {
  return rounds.flatMap(({ readings }) => readings[name] ?? []);
}

export interface PeerRun {
  readonly id: string;
  readonly startedAt: Date;
  readonly endedAt: Date;
  readonly commandLine: string;
  readonly environment: Probed;
  readonly versions: Readonly<Record<PeerServer, string>>;
  readonly plans: Readonly<Record<PeerServer, EnsemblePlan>>;
  readonly rounds: PeerRounds;
  readonly seed: number;
  readonly voidReasons: readonly string[];
  readonly exitCode: number;
  readonly limits: readonly string[];
}

export function peerResult(run: PeerRun): Result {
  const { id, startedAt, endedAt, commandLine, rounds, seed, voidReasons, exitCode } = run;
  return {
    schemaVersion: SCHEMA_VERSION,
    run: {
      id,
      name: 'peer',
      suite: 'peer',
      startedAt: startedAt.toISOString(),
      endedAt: endedAt.toISOString(),
      seed,
      commandLine,
      exitCode,
    },
    environment: environmentOf(run),
    topologies: SERVERS.map(server => topologyOf(server, run.plans[server])),
    claims: [],
    measurements: peerRows(rounds).flatMap(row => measurementsOf(row, rounds)),
    availability: [],
    syncs: [],
    timelines: [],
    faults: [],
    validity: { void: voidReasons.length > 0, reasons: [...voidReasons] },
    limits: [...run.limits],
  };
}

function environmentOf({ environment, versions }: PeerRun): Result['environment'] {
  const { hostname, architecture, cpuModel, cores, memoryBytes, kernel, node, git } = environment;
  return {
    machine: `${hostname} (${architecture})`,
    cpu: cpuModel,
    cores,
    memoryBytes,
    kernel,
    node,
    git: git ?? { commit: 'unknown', dirty: false },
    diskSyncMedianUs: environment.diskSync?.medianUs ?? null,
    loopbackRttUs: environment.loopbackRoundTrip.medianUs,
    toxiproxy: { kind: 'none', version: '' },
    server: { implementation: 'zklab', version: versions.zklab },
  };
}

function topologyOf(server: PeerServer, { topology, members }: EnsemblePlan): Topology {
  return {
    name: server,
    shortForm: topology.shortForm,
    members: members.map(({ name, sid }) => ({ name, sid, role: 'voter', observerMaster: false })),
  };
}

function measurementsOf(
  { metric, zklab, apache, ratio, ratios }: PeerRow,
  rounds: PeerRounds,
): Measurement[] {
  const { name, unit, higherIsBetter } = metric;
  const measurement = (
    server: PeerServer,
    metricName: string,
    estimate: Estimate,
    values: readonly number[],
    valueUnit: string = unit,
  ): Measurement => ({
    id: `${metricName} ${server}`,
    metric: metricName,
    topology: server,
    condition: 'healthy',
    unit: valueUnit,
    higherIsBetter,
    samples: values.map((value, round) => ({ round, value })),
    summary: summaryOf(estimate),
  });
  return [
    measurement('zklab', name, zklab, valuesOf(rounds.zklab, name)),
    measurement('apache', name, apache, valuesOf(rounds.apache, name)),
    measurement('zklab', `${name}, ours over Apache's`, ratio, ratios, '×'),
  ];
}

function summaryOf({ value, low, high, n, warnings }: Estimate): Measurement['summary'] {
  const finite = (number: number) => (Number.isFinite(number) ? number : null);
  return { median: finite(value), low: finite(low), high: finite(high), n, warnings: [...warnings] };
}
