import type { Clock } from '../runtime/runtime.ts';

/**
 * Time in ms that clients may use of one turn of the event loop. Applying may use as much again, so input
 * that arrives during a turn waits no longer than both.
 */
export const TURN_MS = 5;

/**
 * The same limit in units of work that do not depend on the machine, about 1 µs each. It bounds a turn in
 * virtual time, where the clock stands still during a turn, and the work between two readings of the clock.
 */
export const TURN_UNITS = 8_000;

/** The smallest slice in ms, used when very many workers wait. */
export const LEAST_SLICE_MS = TURN_MS / 100;
const LEAST_SLICE_UNITS = TURN_UNITS / 100;

/** The clock is read again after this many units, unless somebody has read it for another purpose. */
const LOOK_UNITS = 200;

/** Costs in units, measured for the usual case. The clock bounds work that takes much longer. */
export const Units = {
  /** a request that is answered from memory */
  read: 2,
  /** a request that becomes a transaction, or a transaction that is applied */
  write: 8,
  /** one node, path, name, watch or event in work on many of them */
  item: 0.2,
} as const;

/** The units of a request include this many bytes. */
const BYTES_INCLUDED = 1024;
/** Measured with nodes of 500 kB, including the sockets and the log at the end of the turn: 8 ms per MiB. */
const BYTES_PER_UNIT = 128;

/** The additional cost of the bytes of a request, a reply or a transaction. */
export function unitsOfBytes(bytes: number): number {
  return bytes <= BYTES_INCLUDED ? 0 : (bytes - BYTES_INCLUDED) / BYTES_PER_UNIT;
}

/**
 * Tracks how much of the current turn, and of the current worker's slice, is spent. A turn begins with the
 * first work counted in it. The clock is read where somebody reads it anyway, and otherwise after some
 * hundred requests.
 */
export class TurnBudget {
  readonly #clock: Clock;
  readonly #unitsMax: number;
  #turn = -1;
  #nowMs = 0;
  #units = 0;
  #lookAtUnits = 0;
  #turnEndMs = 0;
  #sliceStartMs = 0;
  #sliceStartUnits = 0;
  #sliceEndMs = 0;
  #sliceEndUnits = 0;

  /** `unitsMax`: shorter turns, for tests. */
  constructor(clock: Clock, unitsMax = TURN_UNITS) {
    this.#clock = clock;
    this.#unitsMax = unitsMax;
  }

  /** Takes the time from somebody who has read the clock. */
  saw(nowMs: number): void {
    if (this.#turn !== this.#clock.turns) this.#begin(nowMs);
    this.#nowMs = nowMs;
    this.#lookAtUnits = this.#units + LOOK_UNITS;
  }

  spend(units: number): void {
    this.#units += units;
    if (this.#units >= this.#lookAtUnits) this.#look();
  }

  #look(): void {
    this.saw(this.#clock.monotonicMs());
  }

  /** True when no more work may begin in this turn; the rest continues in the next. */
  get turnIsOver(): boolean {
    return (
      this.#turn === this.#clock.turns && (this.#nowMs >= this.#turnEndMs || this.#units >= this.#unitsMax)
    );
  }

  /** Whether this turn has room for more work. The first call begins it. */
  hasRoom(): boolean {
    if (this.#turn !== this.#clock.turns) this.#look();
    return !this.turnIsOver;
  }

  /** Extends the turn by `ms` that went to work with a budget of its own. */
  extend(ms: number): void {
    if (this.#turn === this.#clock.turns) this.#turnEndMs += ms;
  }

  /** Whether the current slice is over. */
  get sliceIsOver(): boolean {
    return this.#nowMs >= this.#sliceEndMs || this.#units >= this.#sliceEndUnits;
  }

  /**
   * Begins a slice: the rest of the turn when nobody waits, at most a share of the turn when others do. When
   * the turn is over it still gives the smallest slice, so that waiting workers progress.
   */
  beginSlice(nowMs: number, waiting: number): void {
    this.saw(nowMs);
    const share = 1 / (waiting + 1);
    this.#sliceStartMs = nowMs;
    this.#sliceStartUnits = this.#units;
    this.#sliceEndMs = nowMs + Math.max(LEAST_SLICE_MS, Math.min(TURN_MS * share, this.#turnEndMs - nowMs));
    this.#sliceEndUnits =
      this.#units +
      Math.max(LEAST_SLICE_UNITS, Math.min(this.#unitsMax * share, this.#unitsMax - this.#units));
  }

  /** What the slice has cost, in ms. */
  get sliceMs(): number {
    const unitsMs = (this.#units - this.#sliceStartUnits) * (TURN_MS / TURN_UNITS);
    return Math.max(this.#nowMs - this.#sliceStartMs, unitsMs);
  }

  #begin(nowMs: number): void {
    this.#turn = this.#clock.turns;
    this.#units = 0;
    this.#turnEndMs = nowMs + TURN_MS;
    // The clock counts only turns that have work at their end, so this turn gets some.
    this.#clock.atEndOfTurn(nothing);
  }
}

function nothing(): void {}
