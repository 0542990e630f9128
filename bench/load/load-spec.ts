import type { EncodedHistogram, Percentiles } from '../measure/histograms.ts';
import type { Timeline } from '../measure/timeline.ts';
import { type ArrivalKind, checkRate } from './arrivals.ts';
import type { DriverUse } from './driver/driver-monitor.ts';
import type { RateSegment } from './rate-profile.ts';
import type { OperationName } from './workload/operations.ts';
import { checkWorkloadSpec, type WorkloadSpec } from './workload/workload.ts';

/** A member under load. `role` and `name` are only copied to the result. */
export interface LoadTarget {
  name: string;
  host: string;
  port: number;
  /** As in `Address`. */
  machine?: string;
  role?: string;
}

/** How requests are paced. */
export type LoadMode =
  /**
   * Each session keeps `depth` requests in flight. This finds saturation, and its latencies hold only there.
   */
  | { kind: 'closed'; depth: number }
  /** Requests start when the schedule says, whatever happened to earlier ones. */
  | { kind: 'open'; ratePerSecond: number; arrivals: ArrivalKind }
  /** The same at a rate that changes: the segments begin with the measured time. */
  | { kind: 'profile'; segments: readonly RateSegment[]; arrivals: ArrivalKind }
  /** The requests of a recording, at its times divided by `speed`. */
  | { kind: 'replay'; file: string; speed: number };

/** Whether requests have an intended start. */
export function isOpenLoop({ kind }: Pick<LoadMode, 'kind'>): boolean {
  return kind !== 'closed';
}

/** One run of load. Plain data, which is sent to the driver's process and written to the result unchanged. */
export interface LoadSpec {
  targets: LoadTarget[];
  sessionsPerTarget: number;
  /** Number of the first session. Drivers that share a tree have sessions of different numbers. @default 0 */
  firstSession?: number;
  workload: WorkloadSpec;
  mode: LoadMode;
  /** The load runs, but nothing is recorded. */
  warmupMs: number;
  durationMs: number;
  sessionTimeoutMs?: number;
  readOnly?: boolean;
  /** Open loop: number of requests in flight per session above which arrivals are dropped and counted. */
  inFlightMax?: number;
  /** How long to wait for replies after the last request. Later ones count as `unknown`. */
  drainMs?: number;
  /** Width of the timeline's buckets. @default bucketMsFor(durationMs) */
  bucketMs?: number;
}

export const LOAD_DEFAULTS = { sessionTimeoutMs: 10_000, inFlightMax: 1_024, drainMs: 3_000 } as const;

/**
 * Open loop: a request sent this much after its intended start is late. Node's timers are 1 ms late by
 * themselves.
 */
export const LATE_AFTER_MS = 5;
/**
 * Share of late or dropped sends above which an open-loop run is void, because the load was not the requested
 * one.
 */
export const LATE_SHARE_MAX = 0.01;

export interface OperationResult {
  target: string;
  role: string | undefined;
  operation: OperationName;
  /** Counts of the requests that were due in the measured time, whenever their answers came. */
  ok: number;
  /** Answered within the measured time, whenever they were due. Rates count these. */
  okInWindow: number;
  /** By ZooKeeper's error name. */
  errors: Record<string, number>;
  /**
   * The connection was lost with the request in flight, or no answer came by the end. The operation may have
   * happened.
   */
  unknown: number;
  /** From send to reply. */
  service: EncodedHistogram;
  /** From intended start to reply. A closed loop has no intended start, so there it equals `service`. */
  response: EncodedHistogram;
}

export interface LoadResult {
  spec: LoadSpec;
  /** Wall clock at the end of the warm-up: 0 ms of `timeline`. */
  measuredFrom: string;
  /** Operations completed in the measured time, divided by it. */
  okPerSecond: number;
  readsPerSecond: number;
  writesPerSecond: number;
  operations: OperationResult[];
  totals: {
    ok: number;
    errors: number;
    unknown: number;
    /** Committed writes, as the clients know. Exact counts are divided by this. Without the warm-up. */
    writesOk: number;
    /** All successful writes of the run, including warm-up and drain. */
    writesOkWithWarmup: number;
  };
  /** Of all operations together. Percentiles with too few samples are undefined. */
  response: Percentiles;
  service: Percentiles;
  timeline: Timeline;
  sends: {
    intended: number;
    sent: number;
    /** Sent more than `LATE_AFTER_MS` after the intended start. */
    late: number;
    /** Not sent at all, because no session was connected or all were full. */
    dropped: number;
    lateness: Percentiles;
  };
  reconnects: number;
  driver: DriverUse;
  /** If not empty, the run is void: the load was not the requested one. */
  voidReasons: string[];
}

/** The most that the driver takes. Suites are checked against it when they are read. */
export const LOAD_LIMITS = {
  sessionsPerTarget: 10_000,
  depth: 10_000,
  segments: 1_000,
  durationMs: 86_400_000,
  speed: { min: 0.01, max: 100 },
} as const;

/** The reason of a load that a signal cut short. */
export const ENDED_EARLY = 'the run was ended early';

/** @throws RangeError, TypeError naming the setting, its value and what is accepted */
export function checkLoadSpec(spec: LoadSpec): void {
  if (spec.targets.length === 0) throw new RangeError('targets: at least one is accepted');
  for (const { name, host, machine } of spec.targets) {
    if (machine === undefined && !isLoopback(host))
      throw new RangeError(
        `target ${name} at ${host}: only loopback is loaded, and members that the lab started`,
      );
  }
  whole('sessionsPerTarget', spec.sessionsPerTarget, 1, LOAD_LIMITS.sessionsPerTarget);
  whole('warmupMs', spec.warmupMs, 0, 3_600_000);
  whole('durationMs', spec.durationMs, 1, LOAD_LIMITS.durationMs);
  if (spec.bucketMs !== undefined) whole('bucketMs', spec.bucketMs, 1, 3_600_000);
  checkWorkloadSpec(spec.workload);
  checkMode(spec.mode);
}

function checkMode(mode: LoadMode): void {
  if (mode.kind === 'closed') whole('depth', mode.depth, 1, LOAD_LIMITS.depth);
  else if (mode.kind === 'open') checkRate(mode.ratePerSecond);
  else if (mode.kind === 'replay') checkSpeed(mode.speed);
  else {
    whole('segments', mode.segments.length, 1, LOAD_LIMITS.segments);
    for (const { fromPerSecond, toPerSecond, forMs } of mode.segments) {
      checkRate(fromPerSecond);
      checkRate(toPerSecond);
      whole('forMs', forMs, 1, LOAD_LIMITS.durationMs);
    }
  }
}

function checkSpeed(speed: number): void {
  const { min, max } = LOAD_LIMITS.speed;
  if (!(speed >= min && speed <= max)) throw new RangeError(`speed ${speed}: ${min} to ${max} is accepted`);
}

function whole(name: string, value: number, min: number, max: number): void {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new RangeError(`${name} ${value}: a whole number from ${min} to ${max} is accepted`);
  }
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}
