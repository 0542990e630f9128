import type { Clock } from '../runtime/runtime.ts';
import type { SessionIds } from './session-ids.ts';
import { SessionTracker, type TrackedSession } from './session-tracker.ts';

/**
 * The sessions that this member alone knows. No transaction begins, renews or ends them, and they stand in no
 * log or snapshot. They outlive the roles of the member. @see docs/sessions.md "Local sessions";
 * ZOOKEEPER-1147; LocalSessionTracker; UpgradeableSessionTracker
 */
export class LocalSessions {
  readonly #ids: SessionIds;
  readonly #tracker: SessionTracker;

  /** `onExpired` is called once the session is forgotten. */
  constructor(
    clock: Clock,
    tickTimeMs: number,
    ids: SessionIds,
    onExpired: (session: TrackedSession) => void,
  ) {
    this.#ids = ids;
    this.#tracker = new SessionTracker(clock, tickTimeMs, new Map(), session => {
      this.#tracker.remove(session.high, session.low);
      onExpired(session);
    });
  }

  /** For `dump`. */
  get tracker(): SessionTracker {
    return this.#tracker;
  }

  get size(): number {
    return this.#tracker.size;
  }

  /** Begins a session, and returns its id. */
  open(timeoutMs: number): bigint {
    const id = this.#ids.next();
    this.#tracker.track(id, timeoutMs);
    return id;
  }

  has(high: number, low: number): boolean {
    return this.#tracker.get(high, low)?.closing === false;
  }

  /** False when this is no local session, or one that expires now. */
  touch(high: number, low: number): boolean {
    const session = this.#tracker.get(high, low);
    return session !== undefined && this.#tracker.touch(session);
  }

  /** As `touch`, with another timeout from now on. */
  renew(high: number, low: number, timeoutMs: number): boolean {
    const session = this.#tracker.get(high, low);
    if (session === undefined || session.closing) return false;
    session.timeoutMs = timeoutMs;
    return this.#tracker.touch(session);
  }

  /** Forgets a local session that its client ends, or that becomes global. */
  end(high: number, low: number): void {
    this.#tracker.remove(high, low);
  }

  stop(): void {
    this.#tracker.stop();
  }
}
