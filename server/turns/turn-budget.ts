import type { Clock } from '../runtime/runtime.ts';

/**
 * What clients may take of one turn of the event loop, and what is applied in it as much again. Whoever comes
 * in during a turn waits no longer than both.
 */
export const TURN_MS = 5;

/**
 * The same in work that does not depend on the machine: about 1 µs each. It bounds a turn in virtual time,
 * where the clock stands still meanwhile, and between two looks at the clock.
 */
export const TURN_UNITS = 8_000;

/** The least slice, when very many wait for theirs. */
export const LEAST_SLICE_MS = TURN_MS / 100;
const LEAST_SLICE_UNITS = TURN_UNITS / 100;

/** The clock is read again after this much work, unless somebody has read it for purposes of his own. */
const LOOK_UNITS = 200;

/** Work, in units. Each is measured on its usual case; what is much longer is looked at by the clock. */
export const Units = {
  /** A request that is answered from memory. */
  read: 2,
  /** A request that becomes a transaction, or a transaction that is applied. */
  write: 8,
  /** One node, path, name, watch or event, in what goes through many of them. */
  item: 0.2,
} as const;

/** So many bytes are in the units of their request. */
const BYTES_INCLUDED = 1024;
/**
 * Measured of nodes of 500 kB, the sockets and the log that come at the end of the turn included: 8 ms for a
 * MiB.
 */
const BYTES_PER_UNIT = 128;

/** What the bytes of a request, a reply or a transaction cost beside it. */
export function unitsOfBytes(bytes: number): number {
  return bytes <= BYTES_INCLUDED ? 0 : (bytes - BYTES_INCLUDED) / BYTES_PER_UNIT;
}

/**
 * How much of the present turn is spent, and of the slice of whoever works now. A turn begins with the first
 * work that is counted in it. The clock is read where it is read anyway, and else after some hundred
 * requests.
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

  /** `unitsMax`: a test's turns may be shorter. */
  constructor(clock: Clock, unitsMax = TURN_UNITS) {
    this.#clock = clock;
    this.#unitsMax = unitsMax;
  }

  /** Somebody has read the clock. */
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

  /** Nothing more is begun in this turn: what is left goes on in the next. */
  get turnIsOver(): boolean {
    return (
      this.#turn === this.#clock.turns && (this.#nowMs >= this.#turnEndMs || this.#units >= this.#unitsMax)
    );
  }

  /** This turn has room for more. Whoever asks first begins it. */
  hasRoom(): boolean {
    if (this.#turn !== this.#clock.turns) this.#look();
    return !this.turnIsOver;
  }

  /** `ms` of the present turn went to work that has a budget of its own. */
  extend(ms: number): void {
    if (this.#turn === this.#clock.turns) this.#turnEndMs += ms;
  }

  /** The present slice is over. */
  get sliceIsOver(): boolean {
    return this.#nowMs >= this.#sliceEndMs || this.#units >= this.#sliceEndUnits;
  }

  /**
   * A slice begins: what is left of the turn when nobody waits, at most a share of the turn when others do.
   * Of a turn that is over the smallest share is given all the same, so that those who wait get on.
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
    // A turn in which nobody does anything at its end is not counted: this one is.
    this.#clock.atEndOfTurn(nothing);
  }
}

function nothing(): void {}
