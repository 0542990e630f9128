import type { Clock, Timer } from './runtime.ts';

/** How long to wait for the peer to close its half once the system has taken all output, in ms. */
export const END_LINGER_MS = 2_000;
/** How long to wait for a peer that reads none of its queued output, in ms. */
export const END_STALLED_MS = 30_000;
/** How long to wait at most, however slowly the peer reads, in ms. */
export const END_MS_MAX = 600_000;

/**
 * After `Connection.end`, waits for the peer while it reads its queued output, and gives it up when it does
 * not.
 */
export class Linger {
  readonly #clock: Clock;
  readonly #connection: { readonly bytesQueued: number };
  readonly #giveUp: () => void;
  #bytesQueued: number;
  #stalledMs = 0;
  #waitedMs = 0;
  #timer: Timer;

  constructor(clock: Clock, connection: { readonly bytesQueued: number }, giveUp: () => void) {
    this.#clock = clock;
    this.#connection = connection;
    this.#giveUp = giveUp;
    this.#bytesQueued = connection.bytesQueued;
    this.#timer = this.#wait();
  }

  cancel(): void {
    this.#timer.cancel();
  }

  #wait(): Timer {
    return this.#clock.after(END_LINGER_MS, () => this.#look());
  }

  #look(): void {
    const { bytesQueued } = this.#connection;
    this.#waitedMs += END_LINGER_MS;
    this.#stalledMs = bytesQueued < this.#bytesQueued ? 0 : this.#stalledMs + END_LINGER_MS;
    this.#bytesQueued = bytesQueued;
    const patienceMs = bytesQueued === 0 ? END_LINGER_MS : END_STALLED_MS;
    if (this.#stalledMs >= patienceMs || this.#waitedMs >= END_MS_MAX) this.#giveUp();
    else this.#timer = this.#wait();
  }
}
