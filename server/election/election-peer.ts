import type { Address, Timer } from '../runtime/runtime.ts';
import type { ElectionConnection } from './election-connection.ts';

/** The first pause before a peer is dialed again; each further one is twice as long, up to cnxTimeout. */
const RETRY_FIRST_MS = 100;
/** Limit on connections that claim one sid and are kept side by side. */
export const LINKS_MAX = 4;

interface Link {
  /** The newest message has been written to it. */
  written: boolean;
  blocked: boolean;
}

/**
 * What this server keeps for one other server: its connections, the attempt at one, and the newest message
 * for it. An older message that was not sent is worthless, because every notification holds the whole vote.
 *
 * Whoever dials in may claim to be that server, so a second connection replaces none. All connections get the
 * same messages. Of more than LINKS_MAX the first stays and the oldest of the others is closed.
 */
export class ElectionPeer {
  readonly sid: number;
  readonly #links = new Map<ElectionConnection, Link>();
  dial: Timer | undefined;
  retry: Timer | undefined;
  retryDelayMs = RETRY_FIRST_MS;
  /** Monotonic time at which this server last dialed it because it rang. */
  dialedBackMs = Number.NEGATIVE_INFINITY;
  /** Where to dial a peer that no configuration names: from its own initial message. */
  ownAddresses: readonly Address[] = [];
  /** Set while it may still answer the last message. @see QuorumCnxManager */
  silence: Timer | undefined;
  #dials = 0;
  #newest: Buffer | undefined;
  /** A connection that may not have carried the newest message was lost, and there has been none since. */
  #lost = false;

  constructor(sid: number) {
    this.sid = sid;
  }

  /** The addresses to dial next: its places in turn. */
  next(places: readonly (readonly Address[])[]): readonly Address[] {
    return places[this.#dials++ % places.length]!;
  }

  get connections(): Iterable<ElectionConnection> {
    return this.#links.keys();
  }

  get connected(): boolean {
    return this.#links.size > 0;
  }

  /** True when there is no reason to dial. */
  get complete(): boolean {
    return this.connected && !this.#lost;
  }

  /** True while the newest message has not been written to a connection that is still there. */
  get waiting(): boolean {
    return this.#newest !== undefined && (this.#lost || !this.#isWritten());
  }

  #isWritten(): boolean {
    for (const { written } of this.#links.values()) if (written) return true;
    return false;
  }

  setNewest(frame: Buffer): void {
    this.#newest = frame;
    for (const link of this.#links.values()) link.written = false;
  }

  /** Returns the connection that is one too many, which no longer belongs to this peer. */
  add(connection: ElectionConnection): ElectionConnection | undefined {
    this.#lost = false;
    this.#links.set(connection, { written: false, blocked: false });
    if (this.#links.size <= LINKS_MAX) return undefined;
    const [, extra] = this.#links.keys();
    this.#links.delete(extra!);
    return extra;
  }

  /** False if the connection does not, or no longer, belong to this peer. */
  remove(connection: ElectionConnection): boolean {
    if (!this.#links.delete(connection)) return false;
    this.#lost = true;
    return true;
  }

  /** Removes all connections. */
  removeAll(): ElectionConnection[] {
    const connections = [...this.#links.keys()];
    this.#links.clear();
    return connections;
  }

  unblock(connection: ElectionConnection): void {
    const link = this.#links.get(connection);
    if (link !== undefined) link.blocked = false;
  }

  /** Writes the newest message to every open connection that has not got it. Returns the bytes written. */
  flush(): number {
    if (this.#newest === undefined) return 0;
    let bytes = 0;
    for (const [connection, link] of this.#links) {
      if (link.written || link.blocked) continue;
      link.written = true;
      link.blocked = !connection.write(this.#newest);
      bytes += this.#newest.length;
    }
    return bytes;
  }

  stopRetrying(): void {
    this.retry?.cancel();
    this.retry = undefined;
    this.retryDelayMs = RETRY_FIRST_MS;
  }

  stopDialing(): void {
    this.stopRetrying();
    this.stopListening();
    this.dial?.cancel();
    this.dial = undefined;
  }

  /** The peer has answered, or nobody waits for an answer any more. */
  stopListening(): void {
    this.silence?.cancel();
    this.silence = undefined;
  }
}
