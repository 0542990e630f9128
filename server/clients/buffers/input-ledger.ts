import { Hold } from '../../processors/server-cnxn.ts';

const MIB = 1024 * 1024;

/** Limits on the input that the server keeps for all clients together. */
export interface InputLimits {
  /**
   * Bytes of the requests that the server works on. At this limit the server takes no further requests from
   * clients.
   */
  readonly submittedBytesMax: number;
  /**
   * Bytes of all other input: incomplete frames, and frames and reads that wait. Above half of it the server
   * reads from only a few of the connections that are in the middle of a frame. Above all of it the server
   * closes the connection that holds most.
   */
  readonly keptBytesMax: number;
  /** How many connections these few are. Those that began their frames first are chosen. */
  readonly gatherersMax: number;
}

const INPUT_LIMITS: InputLimits = {
  submittedBytesMax: 64 * MIB,
  keptBytesMax: 256 * MIB,
  gatherersMax: 8,
};

const EASED = 7 / 8;

/** One of these few that makes no progress for this long is closed, because others wait for it. In ms. */
export const GATHER_STALLED_MS = 5_000;

/** A connection with at least this much of a frame counts as in the middle of it. */
export const GATHERED_BYTES_MIN = 16 * 1024;

/** A client connection, as the ledger sees it. */
export interface InputHolder {
  hold(reason: Hold): void;
  release(reason: Hold): void;
}

/** Counts the bytes of client input that the server keeps. Each connection reports what it keeps. */
export class InputLedger {
  readonly #limits: InputLimits;
  #submittedBytes = 0;
  #keptBytes = 0;
  readonly #waiting = new Set<InputHolder>();
  /** Connections in the middle of a frame, in the order in which they began. */
  readonly #gatherers = new Set<InputHolder>();
  /** All gatherers except the first few are held. */
  #heldBack = false;

  constructor(limits: InputLimits = INPUT_LIMITS) {
    this.#limits = limits;
  }

  get submittedBytes(): number {
    return this.#submittedBytes;
  }

  get keptBytes(): number {
    return this.#keptBytes;
  }

  /** No more requests may be submitted until some of those under way complete. */
  get isFull(): boolean {
    return this.#submittedBytes >= this.#limits.submittedBytesMax;
  }

  /** The server holds more than its limit, and the connection that holds most must go. */
  get isOver(): boolean {
    return this.#keptBytes > this.#limits.keptBytesMax;
  }

  /** Enough was released after the limit was exceeded. */
  get isEased(): boolean {
    return this.#keptBytes <= this.#limits.keptBytesMax * EASED;
  }

  /** What one connection keeps has changed by these amounts. */
  add(submittedBytes: number, keptBytes: number): void {
    this.#submittedBytes += submittedBytes;
    this.#keptBytes += keptBytes;
    if (this.#waiting.size > 0 && this.#submittedBytes <= this.#limits.submittedBytesMax / 2)
      this.#releaseWaiting();
    if (this.#isTight === this.#heldBack) return;
    this.#heldBack = this.#isTight;
    if (this.#heldBack) this.#holdAllButFew();
    else for (const holder of this.#gatherers) holder.release(Hold.gathered);
  }

  /** Holds a connection until there is room for what it would submit. */
  wait(holder: InputHolder): void {
    this.#waiting.add(holder);
    holder.hold(Hold.submitted);
  }

  /** Only few connections may send frames now, so that these are completed. */
  get #isTight(): boolean {
    return this.#keptBytes >= this.#limits.keptBytesMax / 2;
  }

  /** A connection is in the middle of a frame. It may be held. */
  gathers(holder: InputHolder): void {
    if (this.#gatherers.has(holder)) return;
    this.#gatherers.add(holder);
    if (this.#heldBack && this.#gatherers.size > this.#limits.gatherersMax) holder.hold(Hold.gathered);
  }

  /** Its frame is complete, or the connection has closed. */
  gathered(holder: InputHolder): void {
    if (!this.#gatherers.delete(holder)) return;
    holder.release(Hold.gathered);
    if (this.#heldBack) this.#releaseFew();
  }

  /** Whether a connection is one of the few that may send frames now. */
  isAmongFew(holder: InputHolder): boolean {
    if (!this.#heldBack) return false;
    let place = 0;
    for (const each of this.#gatherers) {
      if (each === holder) return true;
      if (++place === this.#limits.gatherersMax) return false;
    }
    return false;
  }

  forget(holder: InputHolder): void {
    this.#waiting.delete(holder);
    this.gathered(holder);
  }

  #releaseWaiting(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const holder of waiting) holder.release(Hold.submitted);
  }

  #holdAllButFew(): void {
    let place = 0;
    for (const holder of this.#gatherers)
      if (place++ >= this.#limits.gatherersMax) holder.hold(Hold.gathered);
  }

  #releaseFew(): void {
    let place = 0;
    for (const holder of this.#gatherers) {
      if (place++ === this.#limits.gatherersMax) return;
      holder.release(Hold.gathered);
    }
  }
}
