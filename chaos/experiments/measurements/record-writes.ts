/** Records a sample of writes in the run: each metric has its own reasons to be void. */

import { LATE_SHARE_MAX, type LoadResult } from '../../../bench/load/load-spec.ts';
import { timelineOf } from '../../../bench/load/load-timeline.ts';
import { LatencyHistogram } from '../../../bench/measure/histograms.ts';
import type { Recorder } from '../../../bench/measure/recorder.ts';
import { LOADS } from '../../../results/names.ts';
import { bandsOf, type FaultSpan } from '../../faults/fault-span.ts';
import { LATE_SHARE_MAX_OF_MEDIANS, medianVoidReasons, type WriteSample } from './throughput.ts';

export interface WriteOccasion {
  readonly recorder: Recorder;
  readonly topology: string;
  readonly condition: string;
  readonly round: number;
  /** Number of the fresh ensemble, where an experiment starts several. */
  readonly start?: number;
  /** Undefined where nothing was injected. */
  readonly fault?: FaultSpan;
}

/** With fewer writes than this, a phase shows nothing. */
const WRITES_MIN = 100;

/** @param faultReasons why the fault voids everything; the reasons of the load are found here */
export function recordWrites(
  { recorder, topology, condition, round, start, fault }: WriteOccasion,
  { saturated, paced, reads, counts, uncounted, leaderCpuUsPerWrite }: WriteSample,
  faultReasons: readonly string[],
): void {
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
  const closed = [...faultReasons, ...saturated.voidReasons, ...tooFew(saturated)];
  if (record('writeThroughput', saturated.writesPerSecond, closed)) {
    const place = { metric: 'writeThroughput', topology, condition };
    recorder.counts(place, counts);
    if (uncounted !== undefined) recorder.warned(place, round, uncounted);
  }
  record('leaderCpuPerWrite', leaderCpuUsPerWrite, closed);
  keep(LOADS.saturated, 'writes', saturated, closed);
  for (const [kind, name, load] of [
    ['write', LOADS.paced, paced],
    ['read', LOADS.reads, reads],
  ] as const) {
    if (load === undefined) continue;
    const histogram = latencyOf(load);
    const { p50Us, p99Us } = histogram.percentiles();
    const ofMedian = [
      ...faultReasons,
      ...medianVoidReasons(load),
      ...unanswered(load, LATE_SHARE_MAX_OF_MEDIANS),
    ];
    keep(name, `${kind}s`, load, ofMedian);
    if (!record(`${kind}LatencyP50`, toMs(p50Us), ofMedian)) continue;
    recorder.histogram({ metric: `${kind}LatencyP50`, topology, condition }, histogram);
    const ofTail = [...faultReasons, ...load.voidReasons, ...unanswered(load, LATE_SHARE_MAX)];
    if (p99Us !== undefined) record(`${kind}LatencyP99`, toMs(p99Us), ofTail);
  }
}

function tooFew({ totals }: LoadResult): string[] {
  return totals.writesOk < WRITES_MIN
    ? [`too little traffic: ${totals.writesOk} writes, at least ${WRITES_MIN} are needed`]
    : [];
}

/**
 * A histogram contains only answers. With a larger share of unanswered requests than this, its percentiles
 * flatter the server.
 */
function unanswered({ totals, sends }: LoadResult, shareMax: number): string[] {
  const lost = totals.unknown + totals.errors;
  return lost > sends.intended * shareMax
    ? [
        `${lost} of ${sends.intended} requests failed or had no answer, at most ${shareMax * 100} % is accepted`,
      ]
    : [];
}

function latencyOf({ operations }: LoadResult): LatencyHistogram {
  const merged = new LatencyHistogram();
  for (const { response } of operations) merged.merge(LatencyHistogram.decode(response));
  return merged;
}

function toMs(us: number | undefined): number | undefined {
  return us === undefined ? undefined : us / 1000;
}
