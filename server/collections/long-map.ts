/**
 * A map keyed by 64-bit ids given as two signed 32-bit halves, without making a BigInt for a look-up.
 * Session ids made in the same minute by one server share their high half, so the outer map stays small.
 */
export class LongMap<V> {
  readonly #byHigh = new Map<number, Map<number, V>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(high: number, low: number): V | undefined {
    return this.#byHigh.get(high)?.get(low);
  }

  set(high: number, low: number, value: V): void {
    let byLow = this.#byHigh.get(high);
    if (byLow === undefined) {
      byLow = new Map();
      this.#byHigh.set(high, byLow);
    }
    if (!byLow.has(low)) this.#size++;
    byLow.set(low, value);
  }

  delete(high: number, low: number): boolean {
    const byLow = this.#byHigh.get(high);
    if (!byLow?.delete(low)) return false;
    this.#size--;
    if (byLow.size === 0) this.#byHigh.delete(high);
    return true;
  }

  *values(): Generator<V> {
    for (const byLow of this.#byHigh.values()) yield* byLow.values();
  }
}

export function highOf(id: bigint): number {
  return Number(BigInt.asIntN(32, id >> 32n));
}

export function lowOf(id: bigint): number {
  return Number(BigInt.asIntN(32, id));
}

export function joinId(high: number, low: number): bigint {
  return (BigInt(high) << 32n) | BigInt(low >>> 0);
}
