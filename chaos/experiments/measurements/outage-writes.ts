/**
 * Writes at a steady rate during a whole outage, as users would send them. Each goes to a voter that has a
 * session open; a write that no voter can take counts as failed.
 */
import { saturation } from '../../../bench/load/driver/driver-monitor.ts';
import type { LoadResult } from '../../../bench/load/load-spec.ts';
import { timelineOf } from '../../../bench/load/load-timeline.ts';
import { bucketMsFor } from '../../../bench/measure/timeline.ts';
import { LOADS } from '../../../results/names.ts';
import { bandsOf, type FaultSpan } from '../../faults/nemesis/fault-span.ts';
import type { Stage } from '../stage.ts';
import { type WriteLoad, workloadOf } from './throughput.ts';
import type { MeasurementContext } from './under-fault.ts';

export interface OutageWritesOptions {
  readonly writesPerSecond: number;
  /** Expected duration of the outage; it sets the width of the buckets. */
  readonly expectedMs: number;
  /** Maximum duration of the outage. */
  readonly maxMs: number;
}

/** Answers still outstanding at the end count as failed unless they arrive within this time. */
const DRAIN_MS = 500;

/**
 * Starts the writes and returns the function that ends them. A load that could not run gives an Error as its
 * result; it is never thrown.
 */
export function beginOutageWrites(
  { ensemble }: Stage,
  { driver, load, seed }: WriteLoad,
  { writesPerSecond, expectedMs, maxMs }: OutageWritesOptions,
): () => Promise<LoadResult | Error> {
  const voters = ensemble.members.filter(({ plan }) => plan.role === 'participant');
  const running = driver
    .run({
      targets: voters.map(({ name, plan }) => ({ name, ...plan.ports.client, role: 'voter' })),
      sessionsPerTarget: load.sessionsPerTarget,
      workload: workloadOf({ load, seed }),
      mode: { kind: 'open', ratePerSecond: writesPerSecond, arrivals: 'poisson' },
      warmupMs: 0,
      durationMs: maxMs,
      drainMs: DRAIN_MS,
      bucketMs: bucketMsFor(expectedMs),
    })
    .catch((error: Error) => error);
  return () => {
    driver.abort();
    return running;
  };
}

/**
 * The load ends early and loses many writes, as intended here. A driver without CPU to send with voids it. A
 * driver that was held up for less than a bucket does not: what it sent late counts in the bucket in which it
 * was due.
 */
export function recordOutageWrites(
  { recorder, stage, condition, round }: MeasurementContext,
  load: LoadResult | Error,
  span: FaultSpan,
  faultReasons: readonly string[],
): void {
  const place = { topology: stage.name, condition, round, load: LOADS.outage, what: 'writes' } as const;
  if (load instanceof Error)
    recorder.remarks.push(
      `No timeline of writes for ${stage.name}, ${condition}, round ${round + 1}: ${load.message}`,
    );
  else {
    const bands = bandsOf(span, load.measuredFrom);
    recorder.timeline(timelineOf(place, load, bands, [...faultReasons, ...heldUp(load)]));
  }
}

function heldUp({ driver, timeline }: LoadResult): string[] {
  const { loopLagP99Ms } = driver;
  return saturation(loopLagP99Ms > timeline.bucketMs ? driver : { ...driver, loopLagP99Ms: 0 });
}
