import type { EncodedHistogram, Percentiles } from '../measure/histograms.ts';
import type { Timeline } from '../measure/timeline.ts';
import type { ArrivalKind } from './arrivals.ts';
import type { DriverUse } from './driver-monitor.ts';
import type { OperationName, WorkloadSpec } from './workload.ts';

/** A member that is loaded. `role` and `name` come back with the numbers, nothing more. */
export interface LoadTarget {
  name: string;
  host: string;
  port: number;
  role?: string;
}

/** How requests are paced. */
export type LoadMode =
  /**
   * Each session keeps `depth` requests in flight. Finds saturation; its latencies are of that, and no
   * others.
   */
  | { kind: 'closed'; depth: number }
  /** Requests start when the schedule says, whatever happened to the earlier ones. */
  | { kind: 'open'; ratePerSecond: number; arrivals: ArrivalKind };

/** One run of load. Plain data: it goes to the driver's process and into the result as it is. */
export interface LoadSpec {
  targets: LoadTarget[];
  sessionsPerTarget: number;
  workload: WorkloadSpec;
  mode: LoadMode;
  /** The load runs, but nothing is recorded. */
  warmupMs: number;
  durationMs: number;
  sessionTimeoutMs?: number;
  readOnly?: boolean;
  /** Open loop: requests in flight per session before an arrival is dropped, and counted as such. */
  inFlightMax?: number;
  /** How long to wait for replies after the last request; what comes later is `unknown`. */
  drainMs?: number;
  /** Width of the timeline's buckets. @default bucketMsFor(durationMs) */
  bucketMs?: number;
}

export const LOAD_DEFAULTS = { sessionTimeoutMs: 10_000, inFlightMax: 1_024, drainMs: 3_000 } as const;

/**
 * Open loop: a request sent this much after its intended start is late. Timers of Node have 1 ms of their
 * own.
 */
export const LATE_AFTER_MS = 5;
/**
 * Share of late or dropped sends above which an open-loop run is void: the load was not the one asked for.
 */
export const LATE_SHARE_MAX = 0.01;

export interface OperationResult {
  target: string;
  role: string | undefined;
  operation: OperationName;
  ok: number;
  /** By ZooKeeper's error name. */
  errors: Record<string, number>;
  /** Connection lost with the request in flight, or no answer by the end: it may have happened. */
  unknown: number;
  /** From send to reply. */
  service: EncodedHistogram;
  /** From intended start to reply. Closed loop has no intended start: the same as service. */
  response: EncodedHistogram;
}

export interface LoadResult {
  spec: LoadSpec;
  /** Wall clock at the end of the warm-up: 0 ms of `timeline`. */
  measuredFrom: string;
  /** Completed in the measured time, divided by it. */
  okPerSecond: number;
  readsPerSecond: number;
  writesPerSecond: number;
  operations: OperationResult[];
  totals: {
    ok: number;
    errors: number;
    unknown: number;
    /** Committed writes, as the clients know; the divisor of exact counts. Warm-up not included. */
    writesOk: number;
    /** All ok writes of the run, warm-up and drain included. */
    writesOkWithWarmup: number;
  };
  /** Of all operations together. Percentiles with too few samples are absent. */
  response: Percentiles;
  service: Percentiles;
  timeline: Timeline;
  sends: {
    intended: number;
    sent: number;
    /** Sent more than `LATE_AFTER_MS` after the intended start. */
    late: number;
    /** Not sent at all: no session was connected, or all were full. */
    dropped: number;
    lateness: Percentiles;
  };
  reconnects: number;
  driver: DriverUse;
  /** If not empty, the run is void: the load was not the requested one. */
  voidReasons: string[];
}

/** @throws RangeError, TypeError naming the setting, its value and what is accepted */
export function checkLoadSpec(spec: LoadSpec): void {
  if (spec.targets.length === 0) throw new RangeError('targets: at least one is accepted');
  for (const { name, host } of spec.targets) {
    if (!isLoopback(host)) throw new RangeError(`target ${name} at ${host}: only loopback is ever loaded`);
  }
  whole('sessionsPerTarget', spec.sessionsPerTarget, 1, 10_000);
  whole('warmupMs', spec.warmupMs, 0, 3_600_000);
  whole('durationMs', spec.durationMs, 1, 86_400_000);
  if (spec.bucketMs !== undefined) whole('bucketMs', spec.bucketMs, 1, 3_600_000);
  if (spec.mode.kind === 'closed') whole('depth', spec.mode.depth, 1, 10_000);
}

function whole(name: string, value: number, min: number, max: number): void {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new RangeError(`${name} ${value}: a whole number from ${min} to ${max} is accepted`);
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}
