/** The number of entries that are kept: seconds of them, at 20 ms per probe and 20 members. */
const KEPT_MAX = 4_096;

/**
 * The newest zxid that any member has shown, and when. A member that shows less that much later is behind.
 */
export class ZxidFrontier {
  readonly #staleMs: number;
  /** Ascending in both fields. */
  #seen: { zxid: number; atMs: number }[] = [];
  /** The highest zxid known for at least `staleMs`. */
  #due = 0;

  constructor(staleMs: number) {
    this.#staleMs = staleMs;
  }

  saw(zxid: number, atMs: number): void {
    const last = this.#seen.at(-1);
    if (zxid <= (last?.zxid ?? this.#due)) return;
    this.#seen.push({ zxid, atMs });
    if (this.#seen.length > KEPT_MAX) this.#seen = thinned(this.#seen);
  }

  /** True when a zxid above this one has been known for longer than `staleMs`. */
  isStale(zxid: number, nowMs: number): boolean {
    let passed = 0;
    while (passed < this.#seen.length && this.#seen[passed]!.atMs <= nowMs - this.#staleMs) {
      this.#due = this.#seen[passed++]!.zxid;
    }
    if (passed > 0) this.#seen.splice(0, passed);
    return zxid < this.#due;
  }
}

/**
 * Drops every other entry and keeps the last: staleness is then noticed a little later, but never wrongly.
 */
function thinned<T>(items: readonly T[]): T[] {
  return items.filter((_, i) => i % 2 === items.length % 2 || i === items.length - 1);
}
