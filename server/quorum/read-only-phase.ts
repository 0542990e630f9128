import { ReadOnlyZooKeeperServer } from '../learner/read-only-zookeeper-server.ts';
import type { QuorumSource } from '../membership/joint-quorum.ts';
import type { ServerParts, ZooKeeperServer } from '../processors/zookeeper-server.ts';
import type { Timer } from '../runtime/runtime.ts';
import type { TxnPacket } from '../wire/txn-packet.ts';
import type { Readers } from '../zab/peer-context.ts';

/** Hands the client port to this server, together with the clients of the former one if `keepsClients`. */
export type ServeClients = (server: ZooKeeperServer | null, keepsClients: boolean) => void;

export interface ReadOnlyPhaseParts {
  readonly server: ServerParts;
  readonly membership: QuorumSource;
  readonly serve: ServeClients;
  /** observer.readOnly.maxStaleMs; 0: no limit */
  readonly maxStaleMs: number;
  /**
   * False: the observer keeps clients only while it seeks another master, and closes them when it finds none
   * in time.
   */
  readonly isReadOnlyEnabled: boolean;
  /** Time to look for another master before any client is told; 0 when the leader is the only master. */
  readonly seekMs: number;
}

/**
 * The phase in which an observer has no master and still serves its readers. Between two elections, and
 * through failed ones, they read the last state that was known to be committed as a whole.
 * @see docs/read-only.md; ZOOKEEPER-1607
 */
export class ReadOnlyPhase implements Readers {
  readonly #parts: ReadOnlyPhaseParts;
  #server: ReadOnlyZooKeeperServer | null = null;
  #sinceMs = 0;
  #limit: Timer | null = null;
  #seeking: Timer | null = null;
  /** The log holds nothing that is not known to be committed. */
  #logIsCommitted = false;

  constructor(parts: ReadOnlyPhaseParts) {
    this.#parts = parts;
  }

  get areServed(): boolean {
    return this.#server !== null;
  }

  /**
   * Whether the transactions of a sync are logged and not applied yet. That goes on when the readers are
   * gone, as long as memory is behind the log because an earlier sync was held back and failed. The next sync
   * starts at the end of the log, so applying it would leave out the transactions in between.
   */
  get holdsBackSyncs(): boolean {
    const { lastProcessedZxid, lastLoggedZxid } = this.#parts.server.database;
    return this.areServed || lastProcessedZxid < lastLoggedZxid;
  }

  /** How long ago the master was last heard from, in ms; 0 when the readers are not served. */
  get ageMs(): number {
    return this.#server === null ? 0 : this.#parts.server.clock.monotonicMs() - this.#sinceMs;
  }

  /** Whether memory may be brought level with the log. */
  get mayCatchUp(): boolean {
    return this.#server === null || this.#logIsCommitted;
  }

  /** The observer has synced with an established master: everything that the log holds is committed. */
  onEstablished(): void {
    this.#logIsCommitted = true;
  }

  /** The observer looks for another master. What a sync logs from now on may not be committed. */
  onLooking(): void {
    this.#logIsCommitted = false;
  }

  /** Takes the clients over from the server of an observer that received nothing since `lastReceivedMs`. */
  begin(former: ZooKeeperServer, lastReceivedMs: number): void {
    const { server: parts, membership, serve, maxStaleMs, seekMs } = this.#parts;
    const leftMs = maxStaleMs - (parts.clock.monotonicMs() - lastReceivedMs);
    if (maxStaleMs > 0 && leftMs <= 0) {
      // The observer noticed the loss too late, so nobody may read any more.
      serve(null, false);
      return;
    }
    const seeks = seekMs > 0;
    const server = new ReadOnlyZooKeeperServer(parts, membership, former.lastProcessedZxid, seeks);
    this.#sinceMs = lastReceivedMs;
    this.#server = server;
    if (maxStaleMs > 0) {
      this.#limit = parts.clock.after(leftMs, () =>
        this.#drop(`observer.readOnly.maxStaleMs=${maxStaleMs} is over`),
      );
    }
    if (seeks) this.#seeking = parts.clock.after(seekMs, () => this.#endSeeking(server));
    else this.#tellOfBegin(server);
    serve(server, true);
  }

  #tellOfBegin({ lastProcessedZxid }: ReadOnlyZooKeeperServer): void {
    this.#parts.server.events.emit({ kind: 'readOnlyBegins', zxid: lastProcessedZxid });
  }

  #endSeeking(server: ReadOnlyZooKeeperServer): void {
    if (!this.#parts.isReadOnlyEnabled) {
      this.#drop('no other master was found in time');
      return;
    }
    this.#tellOfBegin(server);
    server.endSeeking();
  }

  /** The readers go to the server of the next role. */
  end(next: ZooKeeperServer): void {
    const { ageMs } = this;
    const server = this.#server;
    this.#forget();
    this.#parts.serve(next, server !== null);
    if (server === null) return;
    if (server.isReadOnly) this.#parts.server.events.emit({ kind: 'readOnlyEnds', ageMs, reason: null });
    server.shutdown('another server has taken over');
  }

  get mayApply(): boolean {
    return this.#server?.crowd.isFull !== true;
  }

  apply(packet: TxnPacket): void {
    if (this.#server === null) this.#parts.server.database.applyPacket(packet);
    else this.#server.apply(packet);
  }

  treeReplaced(): void {
    this.#drop('their watches are in a tree that a SNAP or TRUNC has replaced');
  }

  /** Ends without another server. */
  close(reason: string): void {
    this.#drop(reason);
  }

  /** Closes the clients; nobody serves until the observer has a master again. */
  #drop(reason: string): void {
    const { ageMs } = this;
    const server = this.#server;
    if (server === null) return;
    this.#forget();
    // Nobody was told of a beginning while the observer was seeking another master.
    if (server.isReadOnly) this.#parts.server.events.emit({ kind: 'readOnlyEnds', ageMs, reason });
    this.#parts.serve(null, false);
    server.shutdown(reason);
  }

  #forget(): void {
    this.#server = null;
    this.stop();
  }

  /** Ends all timers. */
  stop(): void {
    this.#limit?.cancel();
    this.#seeking?.cancel();
    this.#limit = null;
    this.#seeking = null;
  }
}

/** The readers of a member that never serves without a quorum: there are none. */
export function noReaders(database: { applyPacket(packet: TxnPacket): unknown }): Readers {
  return {
    holdsBackSyncs: false,
    mayApply: true,
    apply: packet => void database.applyPacket(packet),
    treeReplaced: () => {},
  };
}
