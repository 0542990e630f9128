/** An element that can expire. It stores its own position in the queue, so a touch needs no look-up. */
export interface Expirable {
  /** End of its bucket, in ms of the monotonic clock; 0 when it is in no bucket. */
  expiryMs: number;
}

/**
 * Sessions in buckets of one tick, each named by its end: (floor((now + timeout) / tick) + 1) * tick. A
 * bucket expires as a whole, so a touch within the same tick is only a comparison. @see docs/sessions.md
 * "Sessions"; ExpiryQueue
 */
export class ExpiryQueue<T extends Expirable> {
  readonly #intervalMs: number;
  readonly #buckets = new Map<number, Set<T>>();
  #nextMs: number;

  constructor(intervalMs: number, nowMs: number) {
    this.#intervalMs = intervalMs;
    this.#nextMs = this.#roundUp(nowMs);
  }

  #roundUp(timeMs: number): number {
    return (Math.floor(timeMs / this.#intervalMs) + 1) * this.#intervalMs;
  }

  touch(element: T, nowMs: number, timeoutMs: number): void {
    // An element never enters a bucket that `poll` has passed, so even one with a negative timeout expires,
    // and does so soon.
    const expiryMs = Math.max(this.#roundUp(nowMs + timeoutMs), this.#nextMs);
    if (expiryMs === element.expiryMs) return;
    this.remove(element);
    element.expiryMs = expiryMs;
    let bucket = this.#buckets.get(expiryMs);
    if (bucket === undefined) {
      bucket = new Set();
      this.#buckets.set(expiryMs, bucket);
    }
    bucket.add(element);
  }

  remove(element: T): void {
    if (element.expiryMs === 0) return;
    const bucket = this.#buckets.get(element.expiryMs);
    bucket?.delete(element);
    if (bucket?.size === 0) this.#buckets.delete(element.expiryMs);
    element.expiryMs = 0;
  }

  /** Removes and returns every element whose time has passed. */
  poll(nowMs: number): T[] {
    const expired: T[] = [];
    while (this.#nextMs <= nowMs) {
      const bucket = this.#buckets.get(this.#nextMs);
      if (bucket !== undefined) {
        for (const element of bucket) {
          element.expiryMs = 0;
          expired.push(element);
        }
        this.#buckets.delete(this.#nextMs);
      }
      this.#nextMs += this.#intervalMs;
    }
    return expired;
  }

  /** Postpones every element by `byMs`, rounded down to whole ticks. */
  postpone(byMs: number): void {
    const shiftMs = Math.floor(byMs / this.#intervalMs) * this.#intervalMs;
    const buckets = [...this.#buckets];
    this.#buckets.clear();
    this.#nextMs += shiftMs;
    for (const [endMs, bucket] of buckets) {
      for (const element of bucket) element.expiryMs += shiftMs;
      this.#buckets.set(endMs + shiftMs, bucket);
    }
  }

  /** Bucket end in ms -> elements, for the `dump` word. */
  get buckets(): ReadonlyMap<number, ReadonlySet<T>> {
    return this.#buckets;
  }
}
