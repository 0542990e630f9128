import { Fifo } from '../collections/fifo.ts';
import { highOf, LongMap, lowOf } from '../collections/long-map.ts';
import type { Clock, Timer } from '../runtime/runtime.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import { type Expirable, ExpiryQueue } from './expiry-queue.ts';

/** A global session as the leader (or a standalone server) sees it. */
export interface TrackedSession extends Expirable {
  readonly id: bigint;
  readonly high: number;
  readonly low: number;
  timeoutMs: number;
  /**
   * The server or learner handler its client is connected through; null until the first request after a move.
   */
  owner: object | null;
  /** A closeSession is under way: no further request is taken. */
  closing: boolean;
}

/**
 * When a poll comes this many ticks after the last one, the process was suspended. A shorter gap means a busy
 * machine.
 */
const STOOD_STILL_TICKS = 2;

/**
 * Limit on sessions expired in one turn. A bucket may hold those of a whole network that is gone: each is a
 * transaction, and others wait meanwhile.
 */
const EXPIRED_PER_TURN_MAX = 500;

/**
 * Only the leader expires global sessions. @see docs/sessions.md "Sessions"; SessionTrackerImpl;
 * LeaderSessionTracker
 */
export class SessionTracker {
  readonly #sessions = new LongMap<TrackedSession>();
  readonly #queue: ExpiryQueue<TrackedSession>;
  readonly #clock: Clock;
  readonly #timer: Timer;
  #polledMs: number;
  #stopped = false;
  readonly #expired = new Fifo<TrackedSession>();
  #next: Timer | null = null;

  /** `onExpire` submits the closeSession; the session stays tracked, as closing, until that is applied. */
  constructor(
    clock: Clock,
    tickTimeMs: number,
    sessions: ReadonlyMap<bigint, number>,
    onExpire: (session: TrackedSession) => void,
  ) {
    this.#clock = clock;
    this.#polledMs = clock.monotonicMs();
    this.#queue = new ExpiryQueue(tickTimeMs, this.#polledMs);
    for (const [id, timeoutMs] of sessions) this.track(id, timeoutMs);
    this.#timer = clock.every(tickTimeMs, () => {
      const nowMs = clock.monotonicMs();
      // A late event loop runs its timers before it reads, so requests that arrived long ago are read first.
      clock.atEndOfTurn(() => this.#expireDue(nowMs, tickTimeMs, onExpire));
    });
  }

  /**
   * While this process was suspended (SIGSTOP, or a virtual machine that was moved) it could hear no client,
   * so no client counts as silent for that time.
   */
  #expireDue(nowMs: number, tickTimeMs: number, onExpire: (session: TrackedSession) => void): void {
    if (this.#stopped) return;
    const sinceMs = nowMs - this.#polledMs;
    this.#polledMs = nowMs;
    if (sinceMs >= STOOD_STILL_TICKS * tickTimeMs) this.#queue.postpone(sinceMs);
    for (const session of this.#queue.poll(nowMs)) {
      if (session.closing) continue;
      session.closing = true;
      this.#expired.push(session);
    }
    if (this.#next === null) this.#expireSome(onExpire);
  }

  #expireSome(onExpire: (session: TrackedSession) => void): void {
    this.#next = null;
    for (let i = 0; i < EXPIRED_PER_TURN_MAX && !this.#stopped; i++) {
      const session = this.#expired.shift();
      if (session === undefined) return;
      // The client may have closed the session meanwhile.
      if (this.#sessions.get(session.high, session.low) === session) onExpire(session);
    }
    if (this.#expired.length > 0 && !this.#stopped)
      this.#next = this.#clock.after(0, () => this.#expireSome(onExpire));
  }

  get size(): number {
    return this.#sessions.size;
  }

  get buckets(): ReadonlyMap<number, ReadonlySet<TrackedSession>> {
    return this.#queue.buckets;
  }

  get(high: number, low: number): TrackedSession | undefined {
    return this.#sessions.get(high, low);
  }

  /** Starts tracking, or touches a session that is tracked already. */
  track(id: bigint, timeoutMs: number): TrackedSession {
    const high = highOf(id);
    const low = lowOf(id);
    let session = this.#sessions.get(high, low);
    if (session === undefined) {
      session = { id, high, low, timeoutMs, owner: null, closing: false, expiryMs: 0 };
      this.#sessions.set(high, low, session);
    }
    this.touch(session);
    return session;
  }

  /** False when a closeSession of the session is under way. */
  touch(session: TrackedSession, timeoutMs: number = session.timeoutMs): boolean {
    if (session.closing) return false;
    this.#queue.touch(session, this.#clock.monotonicMs(), timeoutMs);
    return true;
  }

  /** Touches all sessions of an owner, when the owner's reports about them cannot be read for now. */
  touchAllOf(owner: object): void {
    for (const session of this.#sessions.values()) if (session.owner === owner) this.touch(session);
  }

  /**
   * OK, SESSIONEXPIRED, or SESSIONMOVED when the session's client is known to be elsewhere. The first to ask
   * becomes the owner.
   */
  check(high: number, low: number, owner: object): number {
    const session = this.#sessions.get(high, low);
    if (session === undefined || session.closing) return ErrorCode.SESSIONEXPIRED;
    if (session.owner === null) session.owner = owner;
    return session.owner === owner ? ErrorCode.OK : ErrorCode.SESSIONMOVED;
  }

  remove(high: number, low: number): void {
    const session = this.#sessions.get(high, low);
    if (session === undefined) return;
    this.#queue.remove(session);
    this.#sessions.delete(high, low);
  }

  stop(): void {
    this.#stopped = true;
    this.#timer.cancel();
    this.#next?.cancel();
  }
}
