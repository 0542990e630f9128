import { Hold } from '../processors/server-cnxn.ts';
import type { Connection } from '../runtime/runtime.ts';

const HELD_BY_US = Hold.requests | Hold.order | Hold.line | Hold.submitted | Hold.gathered | Hold.room;

/** Nothing is read from a client until every reason to wait is gone. */
export class ReadGate {
  readonly #connection: Connection;
  /** Bits of `Hold`. */
  #holds = 0;
  #left = false;
  #bytesQueuedBefore = 0;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  hold(reason: Hold): void {
    if (this.#left) return;
    if (this.#holds === 0) this.#connection.pause();
    this.#holds |= reason;
  }

  release(reason: Hold): void {
    if (this.#left || (this.#holds & reason) === 0) return;
    this.#holds &= ~reason;
    if (this.#holds === 0) this.#connection.resume();
  }

  isHeld(reason: Hold): boolean {
    return (this.#holds & reason) !== 0;
  }

  /** What has come already may be taken. */
  get mayTake(): boolean {
    return (this.#holds & ~Hold.line) === 0;
  }

  /** The client may be read from. */
  get open(): boolean {
    return this.#holds === 0;
  }

  /**
   * Of a client that is held, at intervals: it counts as alive while the holding is this server's doing, or
   * while it takes in what waits for it. One that takes nothing in is left to expire.
   */
  isHeldAlive(bytesQueued: number): boolean {
    const takesIn = (this.#holds & Hold.output) !== 0 && bytesQueued < this.#bytesQueuedBefore;
    this.#bytesQueuedBefore = bytesQueued;
    return takesIn || (this.#holds & HELD_BY_US) !== 0;
  }

  /** The connection is ending, which it can only when it is read to its end. */
  leave(): void {
    this.#left = true;
  }
}
