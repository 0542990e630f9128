import { ReadOnlyZooKeeperServer } from '../learner/read-only-zookeeper-server.ts';
import type { QuorumSource } from '../membership/joint-quorum.ts';
import type { ServerParts } from '../processors/zookeeper-server.ts';
import type { Timer } from '../runtime/runtime.ts';
import type { ServeClients } from './read-only-phase.ts';

/** Upstream's value, which is no setting there either. */
const LOOKING_MS_MIN = 2000;

/**
 * Upstream's read-only server (`readonlymode.enabled`): a member that has looked for a leader for a while
 * serves read-only clients from its own tree until it finds one, and then closes them. Its tree may hold what
 * no quorum has accepted. @see docs/read-only.md "Upstream's read-only mode"; ZOOKEEPER-704; ZOOKEEPER-784;
 * ZOOKEEPER-3713
 */
export class ReadOnlyMode {
  readonly #parts: ServerParts;
  readonly #membership: QuorumSource;
  readonly #serve: ServeClients;
  #timer: Timer | null = null;
  #server: ReadOnlyZooKeeperServer | null = null;
  #sinceMs = 0;

  constructor(parts: ServerParts, membership: QuorumSource, serve: ServeClients) {
    this.#parts = parts;
    this.#membership = membership;
    this.#serve = serve;
  }

  /**
   * How long this member has had no leader, in ms; 0 while it serves no read-only clients. Its tree may be
   * older: a member that starts does not know when it last heard from a leader.
   */
  get ageMs(): number {
    return this.#server === null ? 0 : this.#parts.clock.monotonicMs() - this.#sinceMs;
  }

  /** `sinceMs`: when the member began to look for a leader, even if elections have failed since. */
  onLooking(sinceMs: number): void {
    const { clock, config } = this.#parts;
    this.#sinceMs = sinceMs;
    this.#timer?.cancel();
    this.#timer = clock.after(Math.max(LOOKING_MS_MIN, config.tickTimeMs), () => this.#begin());
  }

  #begin(): void {
    const { database, events } = this.#parts;
    const zxid = database.lastProcessedZxid;
    // A member that lost its data has nothing to show.
    if (zxid < 0) return;
    this.#server = new ReadOnlyZooKeeperServer(this.#parts, this.#membership, zxid, false);
    events.emit({ kind: 'readOnlyBegins', zxid });
    this.#serve(this.#server, false);
  }

  /** A leader was found, or the server stops. */
  end(reason: string): void {
    this.#timer?.cancel();
    this.#timer = null;
    const { ageMs } = this;
    const server = this.#server;
    if (server === null) return;
    this.#server = null;
    this.#parts.events.emit({ kind: 'readOnlyEnds', ageMs, reason });
    this.#serve(null, false);
    server.shutdown(reason);
  }
}
