import { Hold } from '../../processors/server-cnxn.ts';
import type { Connection } from '../../runtime/runtime.ts';

const HELD_BY_US = Hold.requests | Hold.order | Hold.line | Hold.submitted | Hold.gathered | Hold.room;

/** Stops reading from a client until every reason to wait has been lifted. */
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

  /** Input that has already arrived may be processed. */
  get mayTake(): boolean {
    return (this.#holds & ~Hold.line) === 0;
  }

  /** The server may read from the client. */
  get open(): boolean {
    return this.#holds === 0;
  }

  /**
   * Called at intervals for a held client. It counts as alive while the server is the cause of the hold, or
   * while it still reads its output. A client that reads nothing expires.
   */
  isHeldAlive(bytesQueued: number): boolean {
    const takesIn = (this.#holds & Hold.output) !== 0 && bytesQueued < this.#bytesQueuedBefore;
    this.#bytesQueuedBefore = bytesQueued;
    return takesIn || (this.#holds & HELD_BY_US) !== 0;
  }

  /** The connection is ending. Its socket ends only when it is read to the end, so reading resumes. */
  leave(): void {
    this.#left = true;
  }
}
