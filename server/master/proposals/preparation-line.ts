import { Fifo } from '../../collections/fifo.ts';
import type { Request } from '../../processors/request.ts';
import type { Clock } from '../../runtime/runtime.ts';
import { Units } from '../../turns/turn-budget.ts';
import type { TurnQueue } from '../../turns/turn-queue.ts';
import { OpCode } from '../../wire/opcodes.ts';

/** A multi of more bytes has more than a thousand parts, and is prepared in slices. */
const LONG_MULTI_BYTES = 64 * 1024;
/** Memory that a request takes besides its bytes. */
const REQUEST_BYTES = 256;
/** Parts prepared between two looks at the budget. */
const PARTS_PER_STEP = 128;

/** Prepares up to `partsMax` more parts. True when the multi is proposed. */
export type PrepareParts = (partsMax: number) => boolean;

export interface PreparationEvents {
  /** Prepares and proposes a request as a whole. */
  submit(request: Request): void;
  /** Null when nothing is left to do for the request. */
  beginMulti(request: Request): PrepareParts | null;
  /** Called when `bytes` more wait here; fewer when it is negative. */
  keep(bytes: number): void;
  letGo(bytes: number): void;
}

/**
 * The order in which a leader prepares what is submitted. A long multi is prepared in slices of a turn. What
 * comes after it waits, since it must be checked against the tree that the multi leaves. Reads and pings do
 * not wait.
 */
export class PreparationLine {
  readonly #clock: Clock;
  readonly #turns: TurnQueue;
  readonly #events: PreparationEvents;
  readonly #waiting = new Fifo<Request | (() => void)>();
  #multi: PrepareParts | null = null;
  #isDue = false;
  readonly #goOnNow = () => this.#goOn();

  constructor(parts: { readonly clock: Clock; readonly turns: TurnQueue }, events: PreparationEvents) {
    this.#clock = parts.clock;
    this.#turns = parts.turns;
    this.#events = events;
  }

  /** Number of requests not proposed yet. */
  get length(): number {
    return this.#waiting.length + (this.#multi === null ? 0 : 1);
  }

  submit(request: Request): void {
    if (!this.#isDue && !isLong(request)) this.#events.submit(request);
    else this.#wait(request);
  }

  /** Calls `run` once everything submitted before is proposed. */
  behind(run: () => void): void {
    if (this.#isDue) this.#waiting.push(run);
    else run();
  }

  #wait(request: Request): void {
    this.#waiting.push(request);
    this.#events.keep(bytesOf(request));
    if (this.#isDue) return;
    this.#isDue = true;
    this.#clock.inNextTurn(this.#goOnNow);
  }

  #goOn(): void {
    const { applying, budget } = this.#turns;
    const startMs = this.#clock.monotonicMs();
    applying.saw(startMs);
    do this.#next();
    while (this.length > 0 && applying.hasRoom());
    budget.extend(this.#clock.monotonicMs() - startMs);
    this.#isDue = this.length > 0;
    if (this.#isDue) this.#clock.inNextTurn(this.#goOnNow);
  }

  #next(): void {
    const { applying } = this.#turns;
    if (this.#multi !== null) {
      applying.spend(PARTS_PER_STEP * Units.write);
      if (this.#multi(PARTS_PER_STEP)) this.#multi = null;
      return;
    }
    const next = this.#waiting.shift();
    if (next === undefined) return;
    applying.spend(Units.write);
    if (typeof next === 'function') {
      next();
      return;
    }
    if (isLong(next)) this.#multi = this.#events.beginMulti(next);
    else this.#events.submit(next);
    this.#events.letGo(bytesOf(next));
  }

  /** Drops requests that are not proposed; they never will be. */
  stop(): void {
    this.#waiting.clear();
    this.#multi = null;
  }
}

function bytesOf({ start, end }: Request): number {
  return REQUEST_BYTES + end - start;
}

function isLong({ op, start, end }: Request): boolean {
  return op === OpCode.multi && end - start > LONG_MULTI_BYTES;
}
