import { Hold } from '../processors/server-cnxn.ts';

const MIB = 1024 * 1024;

/** What may be kept of what clients have sent, all of them together. */
export interface InputLimits {
  /**
   * Of requests that the server works on. At this much, those that would join them are left with their
   * clients.
   */
  readonly submittedBytesMax: number;
  /**
   * Of everything else: frames that have come in part, frames and reads that wait. From half of it on only a
   * few connections are read from that are in the middle of a frame; beyond all of it the one that keeps most
   * is closed.
   */
  readonly keptBytesMax: number;
  /** Those few: whoever began first. */
  readonly gatherersMax: number;
}

export const INPUT_LIMITS: InputLimits = {
  submittedBytesMax: 64 * MIB,
  keptBytesMax: 256 * MIB,
  gatherersMax: 8,
};

const EASED = 7 / 8;

/** One of those few that gets no further for this long is closed: others wait for it. */
export const GATHER_STALLED_MS = 5_000;

/** A connection in the middle of a frame, from here on. */
export const GATHERED_BYTES_MIN = 16 * 1024;

/** A client connection, as the ledger sees it. */
export interface InputHolder {
  hold(reason: Hold): void;
  release(reason: Hold): void;
}

/** Bytes that the server keeps of what its clients have sent. Each connection tells of what it keeps. */
export class InputLedger {
  readonly #limits: InputLimits;
  #submittedBytes = 0;
  #keptBytes = 0;
  readonly #waiting = new Set<InputHolder>();
  /** In the middle of a frame, in the order in which they began. */
  readonly #gatherers = new Set<InputHolder>();
  /** All gatherers but few are held. */
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

  /** No more may be submitted until some of what is under way is done. */
  get isFull(): boolean {
    return this.#submittedBytes >= this.#limits.submittedBytesMax;
  }

  /** More is kept than may be: the connection that keeps most is to go. */
  get isOver(): boolean {
    return this.#keptBytes > this.#limits.keptBytesMax;
  }

  /** After it was over: enough has gone. */
  get isEased(): boolean {
    return this.#keptBytes <= this.#limits.keptBytesMax * EASED;
  }

  /** What one connection keeps has changed. */
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

  /** Frames are for few at a time now, so that those get whole. */
  get #isTight(): boolean {
    return this.#keptBytes >= this.#limits.keptBytesMax / 2;
  }

  /** A connection is in the middle of a frame. It may be held. */
  gathers(holder: InputHolder): void {
    if (this.#gatherers.has(holder)) return;
    this.#gatherers.add(holder);
    if (this.#heldBack && this.#gatherers.size > this.#limits.gatherersMax) holder.hold(Hold.gathered);
  }

  /** Its frame is whole, or it is gone. */
  gathered(holder: InputHolder): void {
    if (!this.#gatherers.delete(holder)) return;
    holder.release(Hold.gathered);
    if (this.#heldBack) this.#releaseFew();
  }

  /** While frames are for few: whether a connection is one of them. */
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
