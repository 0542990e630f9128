/** What happened when: counts and latencies in buckets of equal width, from a zero on. */
import { LatencyHistogram } from './histograms.ts';

export interface TimelineBucket {
  /** Operations that should have begun in this bucket. */
  intended: number;
  /** Operations that ended in this bucket, as everything below. */
  ok: number;
  errors: number;
  /** Undefined when too few operations ended for it to mean anything. */
  latencyP50Us?: number;
  latencyP99Us?: number;
  latencyMaxUs?: number;
}

export interface Timeline {
  bucketMs: number;
  /** Bucket i covers i * bucketMs to (i + 1) * bucketMs. */
  buckets: TimelineBucket[];
  /** Number of events outside the buckets, which are not kept. */
  outside: number;
}

const BUCKETS_WANTED_MAX = 60;
const BUCKETS_MAX = 256;
const BUCKET_MS_MIN = 50;
/** Timers fire up to 1 ms early, and sums of fractions are inexact. Neither may lose a bucket. */
const EARLY_MS = 2;

/**
 * The narrowest width (1, 2 or 5 times a power of ten) that divides `durationMs` into few enough buckets to
 * draw.
 */
export function bucketMsFor(durationMs: number): number {
  for (let power = 10; ; power *= 10) {
    for (const digit of [1, 2, 5]) {
      const widthMs = digit * power;
      if (widthMs >= BUCKET_MS_MIN && durationMs / widthMs <= BUCKETS_WANTED_MAX) return widthMs;
    }
  }
}

interface Counted {
  intended: number;
  ok: number;
  errors: number;
  latencies: LatencyHistogram | undefined;
}

export class TimelineRecorder {
  readonly #startMs: number;
  readonly #bucketMs: number;
  readonly #buckets: Counted[] = [];
  #outside = 0;

  /** @param startMs the zero; like all later times, on the clock of `performance.now()` */
  constructor(startMs: number, bucketMs: number) {
    this.#startMs = startMs;
    this.#bucketMs = bucketMs;
  }

  intended(atMs: number): void {
    const bucket = this.#at(atMs);
    if (bucket !== undefined) bucket.intended++;
  }

  ok(atMs: number, latencyUs: number): void {
    const bucket = this.#at(atMs);
    if (bucket === undefined) return;
    bucket.ok++;
    bucket.latencies ??= new LatencyHistogram();
    bucket.latencies.recordUs(latencyUs);
  }

  error(atMs: number): void {
    const bucket = this.#at(atMs);
    if (bucket !== undefined) bucket.errors++;
  }

  /**
   * Every bucket that had ended by `untilMs`, including silent ones. A gap must show as a gap, and an
   * incomplete bucket would look like a lower rate.
   */
  toTimeline(untilMs: number): Timeline {
    const elapsedMs = untilMs - this.#startMs + EARLY_MS;
    const whole = Math.min(BUCKETS_MAX, Math.floor(elapsedMs / this.#bucketMs));
    const buckets = Array.from({ length: Math.max(0, whole) }, (_, index) =>
      bucketOf(this.#buckets[index] ?? EMPTY),
    );
    return { bucketMs: this.#bucketMs, buckets, outside: this.#outside };
  }

  #at(atMs: number): Counted | undefined {
    const index = Math.floor((atMs - this.#startMs) / this.#bucketMs);
    if (!(index >= 0 && index < BUCKETS_MAX)) {
      this.#outside++;
      return undefined;
    }
    while (this.#buckets.length <= index) this.#buckets.push({ ...EMPTY });
    return this.#buckets[index];
  }
}

const EMPTY: Counted = { intended: 0, ok: 0, errors: 0, latencies: undefined };

function bucketOf({ intended, ok, errors, latencies }: Counted): TimelineBucket {
  const { p50Us, p99Us, maxUs } = latencies?.percentiles() ?? {};
  return {
    intended,
    ok,
    errors,
    ...(p50Us !== undefined && { latencyP50Us: p50Us }),
    ...(p99Us !== undefined && { latencyP99Us: p99Us }),
    ...(maxUs !== undefined && { latencyMaxUs: maxUs }),
  };
}
