import { LongMap } from '../collections/long-map.ts';

/** Memory that a request takes at the leader besides its own bytes. */
const REQUEST_BYTES = 2048;

/** The relayed requests of one session. Only their total size matters, because all of them come back. */
interface Relayed {
  count: number;
  bytes: number;
}

/**
 * Requests that a learner has passed on and that no client connection of its own stands for: those of
 * observers behind it, and of clients that have left. The leader keeps each of them until it is committed, so
 * the learner counts it until its transaction comes back. So clients that come and go, or that are behind
 * many observers, cost the leader no more than all others.
 */
export class RelayedRequests {
  readonly #bytesMax: number;
  readonly #bySession = new LongMap<Relayed>();
  readonly #onRoom: () => void;
  #bytes = 0;
  #isFull = false;

  constructor(bytesMax: number, onRoom: () => void) {
    this.#bytesMax = bytesMax;
    this.#onRoom = onRoom;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get isFull(): boolean {
    return this.#isFull;
  }

  passedOn(sessionHigh: number, sessionLow: number, bytes: number, count = 1): void {
    const kept = bytes + count * REQUEST_BYTES;
    const known = this.#bySession.get(sessionHigh, sessionLow);
    if (known === undefined) {
      this.#bySession.set(sessionHigh, sessionLow, { count, bytes: kept });
    } else {
      known.count += count;
      known.bytes += kept;
    }
    this.#bytes += kept;
    if (this.#bytes >= this.#bytesMax) this.#isFull = true;
  }

  /** Whether transactions of that session are still to come back. */
  awaits(sessionHigh: number, sessionLow: number): boolean {
    return this.#bySession.get(sessionHigh, sessionLow) !== undefined;
  }

  /** A transaction of that session came back. */
  answered(sessionHigh: number, sessionLow: number): void {
    if (this.#bytes === 0) return;
    const relayed = this.#bySession.get(sessionHigh, sessionLow);
    if (relayed === undefined) return;
    const bytes = Math.ceil(relayed.bytes / relayed.count);
    relayed.count--;
    relayed.bytes -= bytes;
    if (relayed.count === 0) this.#bySession.delete(sessionHigh, sessionLow);
    this.#letGo(bytes);
  }

  /** The session is over, so those of its requests that have not come back never will. */
  ended(sessionHigh: number, sessionLow: number): void {
    if (this.#bytes === 0) return;
    const relayed = this.#bySession.get(sessionHigh, sessionLow);
    if (relayed === undefined) return;
    this.#bySession.delete(sessionHigh, sessionLow);
    this.#letGo(relayed.bytes);
  }

  #letGo(bytes: number): void {
    this.#bytes -= bytes;
    if (!this.#isFull || this.#bytes > this.#bytesMax / 2) return;
    this.#isFull = false;
    this.#onRoom();
  }
}
