import type { Chunk, Sink, StageContext } from './stage.ts';

interface Held {
  /** Absent: the end of the stream. */
  readonly chunk: Chunk | undefined;
  dueMs: number;
}

/** The longest wait of one timer; setTimeout fires at once above 2^31 ms. */
const TIMER_MAX_MS = 60_000;

/**
 * Releases chunks in order, each at its time; every delaying toxic uses one. It needs one timer, however many
 * chunks it holds.
 */
export class DelayLine {
  readonly #out: Sink;
  readonly #context: StageContext;
  #held: Held[] = [];
  #bytes = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(out: Sink, context: StageContext) {
    this.#out = out;
    this.#context = context;
  }

  get chunks(): number {
    return this.#held.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** When the last chunk in line leaves; undefined when the line is empty. */
  get lastDueMs(): number | undefined {
    return this.#held.at(-1)?.dueMs;
  }

  /** `chunk` undefined is the end of the stream. A chunk never overtakes those in line. */
  add(chunk: Chunk | undefined, dueMs: number): void {
    this.#held.push({ chunk, dueMs: Math.max(dueMs, this.lastDueMs ?? dueMs) });
    this.#bytes += chunk?.data.length ?? 0;
    if (this.#held.length === 1) this.#letGo(this.#context.nowMs());
  }

  /** Computes new times for everything in line, in order. */
  reschedule(dueMs: (chunk: Chunk | undefined) => number): void {
    let previous = Number.NEGATIVE_INFINITY;
    for (const held of this.#held) {
      held.dueMs = Math.max(dueMs(held.chunk), previous);
      previous = held.dueMs;
    }
    this.#letGo(this.#context.nowMs());
  }

  flush(): void {
    this.#letGo(Number.POSITIVE_INFINITY);
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#held = [];
    this.#bytes = 0;
  }

  #letGo(untilMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const count = this.#held.findIndex(held => held.dueMs > untilMs);
    const leaving = this.#held.splice(0, count === -1 ? this.#held.length : count);
    this.#arm();
    for (const { chunk, dueMs } of leaving) {
      if (chunk === undefined) {
        this.clear();
        this.#out.end();
        return;
      }
      this.#bytes -= chunk.data.length;
      // A second delay behind this one counts from this time, so that delays add up.
      this.#out.push({
        data: chunk.data,
        atMs: Math.max(chunk.atMs, Math.min(dueMs, this.#context.nowMs())),
      });
    }
    if (leaving.length > 0) this.#context.drained();
  }

  #arm(): void {
    const next = this.#held[0];
    if (next === undefined) return;
    const waitMs = Math.ceil(next.dueMs - this.#context.nowMs());
    const timer = () => this.#letGo(this.#context.nowMs());
    this.#timer = setTimeout(timer, Math.min(Math.max(waitMs, 1), TIMER_MAX_MS));
  }
}
