import type { Address, Timer } from '../runtime/runtime.ts';
import type { ElectionConnection } from './election-connection.ts';

/** The first pause before a peer is dialed again; each further one is twice as long, up to cnxTimeout. */
const RETRY_FIRST_MS = 100;

/**
 * What is kept of one other server: its connection if any, the attempt at one, and the newest message for it.
 * An older message that did not leave is worthless, since every notification tells the whole vote.
 */
export class ElectionPeer {
  readonly sid: number;
  connection: ElectionConnection | undefined;
  dial: Timer | undefined;
  retry: Timer | undefined;
  retryDelayMs = RETRY_FIRST_MS;
  /** Where to dial a peer that no configuration names: from its own initial message. */
  ownAddress: Address | undefined;
  #newest: Buffer | undefined;
  #written = false;
  #blocked = false;

  constructor(sid: number) {
    this.sid = sid;
  }

  /** True while the newest message has not been written to a connection. */
  get waiting(): boolean {
    return this.#newest !== undefined && !this.#written;
  }

  setNewest(frame: Buffer): void {
    this.#newest = frame;
    this.#written = false;
  }

  /** Says the last message again: the connection it was written to may not have carried it. */
  repeatNewest(): void {
    this.#written = false;
    this.#blocked = false;
  }

  unblock(): void {
    this.#blocked = false;
  }

  /** Writes the newest message if it waits and the connection takes it. Answers the bytes written. */
  flush(): number {
    if (this.connection === undefined || this.#blocked || this.#newest === undefined || this.#written)
      return 0;
    this.#written = true;
    this.#blocked = !this.connection.write(this.#newest);
    return this.#newest.length;
  }

  stopRetrying(): void {
    this.retry?.cancel();
    this.retry = undefined;
    this.retryDelayMs = RETRY_FIRST_MS;
  }

  stopDialing(): void {
    this.stopRetrying();
    this.dial?.cancel();
    this.dial = undefined;
  }
}
