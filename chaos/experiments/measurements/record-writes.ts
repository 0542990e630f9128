/** Records a sample of writes in the run: each metric has its own reasons to be void. */

import type { LoadResult } from '../../../bench/load/load-spec.ts';
import { timelineOf } from '../../../bench/load/load-timeline.ts';
import {
  latencyVoidReasons,
  throughputVoidReasons,
  unansweredOf,
} from '../../../bench/load/load-validity.ts';
import { LatencyHistogram } from '../../../bench/measure/histograms.ts';
import type { Recorder } from '../../../bench/measure/recorder.ts';
import { LOADS } from '../../../results/names.ts';
import { bandsOf, type FaultSpan } from '../../faults/nemesis/fault-span.ts';
import type { Suite } from '../suite.ts';
import type { LoadKind, WriteSample } from './throughput.ts';

export interface WriteContext {
  readonly recorder: Recorder;
  readonly topology: string;
  readonly condition: string;
  readonly round: number;
  /** Number of the fresh ensemble, where an experiment starts several. */
  readonly start?: number;
  /** Undefined where nothing was injected. */
  readonly fault?: FaultSpan;
}

/** @param faultReasons why the fault voids everything; the reasons of the load are found here */
export function recordWrites(
  context: WriteContext,
  { saturated, paced, reads }: WriteSample,
  faultReasons: readonly string[],
): void {
  const { recorder, topology, condition, round, start, fault } = context;
  const isHealthy = fault === undefined;
  const record = (metric: string, value: number | undefined, reasons: readonly string[]): boolean => {
    const place = { metric, topology, condition };
    if (reasons.length > 0) recorder.voided(place, round, reasons.join('; '));
    else if (value !== undefined) recorder.sample(place, round, value, start);
    return reasons.length === 0;
  };
  const keep = (load: string, what: 'writes' | 'reads', result: LoadResult, reasons: readonly string[]) =>
    recorder.timeline(
      timelineOf(
        { topology, condition, round, load, what },
        result,
        bandsOf(fault, result.measuredFrom),
        reasons,
      ),
    );
  if (saturated !== undefined) {
    const { load, openingMs, counts, uncounted, leaderCpuUsPerWrite } = saturated;
    const reasons = [...faultReasons, ...throughputVoidReasons(load, isHealthy)];
    const isStopped = !isHealthy && openingMs > openingMaxMs(load);
    if (record('writeThroughput', isStopped ? 0 : load.writesPerSecond, reasons)) {
      const place = { metric: 'writeThroughput', topology, condition };
      if (isStopped) recorder.warned(place, round, stoppedText(openingMs));
      recorder.counts(place, counts);
      if (uncounted !== undefined) recorder.warned(place, round, uncounted);
    }
    record('leaderCpuPerWrite', leaderCpuUsPerWrite, reasons);
    keep(LOADS.saturated, 'writes', load, reasons);
  }
  for (const [kind, name, load] of [
    ['write', LOADS.paced, paced],
    ['read', LOADS.reads, reads],
  ] as const) {
    if (load === undefined) continue;
    const histogram = latencyOf(load, isHealthy);
    const { p50Us, p99Us } = histogram.percentiles();
    const ofMedian = [...faultReasons, ...latencyVoidReasons(load, 'median', isHealthy)];
    keep(name, `${kind}s`, load, ofMedian);
    if (!record(`${kind}LatencyP50`, toMs(p50Us), ofMedian)) continue;
    const place = { metric: `${kind}LatencyP50`, topology, condition };
    recorder.histogram(place, histogram);
    if (unansweredOf(load) > 0 && !isHealthy) recorder.warned(place, round, unansweredText(load));
    const ofTail = [...faultReasons, ...latencyVoidReasons(load, 'tail', isHealthy)];
    if (p99Us !== undefined) record(`${kind}LatencyP99`, toMs(p99Us), ofTail);
  }
}

/** On a busy machine even a healthy ensemble takes some hundred milliseconds for sessions. */
const OPENING_MS = 1_000;

/**
 * Clients that came under the fault and waited longer than this found an ensemble that had stopped. What it
 * writes once it has given up the members that are cut off says nothing of the time before.
 */
function openingMaxMs({ spec: { warmupMs, durationMs } }: LoadResult): number {
  return Math.max(OPENING_MS, warmupMs + durationMs);
}

function stoppedText(openingMs: number): string {
  return `clients that came under the fault waited ${Math.round(openingMs)} ms for a session, longer than the whole load, in which nothing was written`;
}

/**
 * No session was given while the fault was in force, so nothing was written, and no answer came within the
 * load.
 */
export function recordNoSession(
  { recorder, topology, condition, round, start }: WriteContext,
  { pacedMs }: Suite['load'],
  loads: readonly LoadKind[],
  message: string,
  faultReasons: readonly string[],
): void {
  const values = {
    ...(loads.includes('saturated') && { writeThroughput: 0 }),
    ...(loads.includes('paced') && { writeLatencyP50: pacedMs }),
  };
  for (const [metric, value] of Object.entries(values)) {
    const place = { metric, topology, condition };
    if (faultReasons.length > 0) recorder.voided(place, round, faultReasons.join('; '));
    else {
      recorder.sample(place, round, value, start);
      recorder.warned(place, round, `no session was given under the fault: ${message}`);
    }
  }
}

/**
 * A histogram contains only answers, and would flatter a server that lost requests. Under a fault each of
 * those counts as if its answer had come at the end of the load, which is the least that it took. A healthy
 * load with many of them is void.
 */
function latencyOf(load: LoadResult, isHealthy: boolean): LatencyHistogram {
  const merged = new LatencyHistogram();
  for (const { response } of load.operations) merged.merge(LatencyHistogram.decode(response));
  if (!isHealthy)
    for (let lost = unansweredOf(load); lost > 0; lost--) merged.recordUs(load.spec.durationMs * 1000);
  return merged;
}

function unansweredText(load: LoadResult): string {
  return `${unansweredOf(load)} of ${load.sends.intended} requests failed or had no answer; each counts as ${load.spec.durationMs} ms`;
}

function toMs(us: number | undefined): number | undefined {
  return us === undefined ? undefined : us / 1000;
}
