/** What can expire: where it stands in the queue is kept in the element, so a touch costs no look-up. */
export interface Expirable {
  /** End of the bucket it is in, ms of the monotonic clock; 0 when in none. */
  expiryMs: number;
}

/**
 * Sessions in buckets of one tick: (floor((now + timeout) / tick) + 1) * tick. A whole bucket expires
 * together, so touching within the same tick is a comparison. @see docs/sessions.md "Sessions"; ExpiryQueue
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
    // Never in a bucket that `poll` has passed: a timeout that makes no sense ends soon, and does end.
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

  /** Takes out everything whose time has passed. */
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

  /** Postpones everything by that much, in whole ticks. */
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
