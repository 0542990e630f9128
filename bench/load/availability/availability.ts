/**
 * Read availability of each member. It probes at a fixed interval, on one session per member that never moves
 * to another member, and shows what a client that can read only there would have felt. Every tick has one
 * outcome, whether or not earlier ones were answered, so an outage weighs as much as it lasted.
 */
import { OpCode } from '../../../server/wire/opcodes.ts';
import { counterOf } from '../../../server/wire/zxid.ts';
import type { ReplyHandler } from '../session/in-flight.ts';
import { Session } from '../session/session.ts';
import type { SessionError } from '../session/session-error.ts';
import { AvailabilityTrack, type MemberAvailability, type ReadOutcome } from './availability-track.ts';
import { ZxidFrontier } from './zxid-frontier.ts';

export interface ProbeTarget {
  name: string;
  host: string;
  port: number;
  role: string;
}

export interface AvailabilityOptions {
  path?: string;
  operation?: 'exists' | 'getData';
  intervalMs?: number;
  /** Answers slower than this count as `slow`: served, but not as a user expects. */
  slowMs?: number;
  /** A probe without an answer within this time is a `timeout`. A later answer changes nothing. */
  timeoutMs?: number;
  /** A member is `stale` when it is more than this behind the newest zxid that any member has shown. */
  staleMs?: number;
  sessionTimeoutMs?: number;
  /** Asks for a session that a read-only server may serve. */
  readOnly?: boolean;
}

const AVAILABILITY_DEFAULTS = {
  path: '/',
  operation: 'exists',
  intervalMs: 20,
  slowMs: 100,
  timeoutMs: 1_000,
  staleMs: 1_000,
  sessionTimeoutMs: 4_000,
  readOnly: false,
} as const;

const RETRY_DELAY_MS = { min: 20, max: 200 } as const;
/** Maximum number of ticks that wait for an answer on one member. Further ticks time out unsent. */
const IN_FLIGHT_MAX = 1_024;

type Settings = Required<AvailabilityOptions>;

export class AvailabilityProbes {
  readonly #settings: Settings;
  readonly #probes: MemberProbe[];
  #startMs = 0;
  #timer: NodeJS.Timeout | undefined;
  #tick = 0;
  #lateTicks = 0;

  /** Connects at once. Probes begin with `start`. */
  constructor(targets: readonly ProbeTarget[], options: AvailabilityOptions = {}) {
    this.#settings = { ...AVAILABILITY_DEFAULTS, ...options };
    const frontier = new ZxidFrontier(this.#settings.staleMs);
    this.#probes = targets.map(target => new MemberProbe(target, this.#settings, frontier));
  }

  /** Begins the probes. Returns time 0 of the result on the clock of `performance.now()`. */
  start(): number {
    this.#startMs = performance.now();
    for (const probe of this.#probes) probe.startMs = this.#startMs;
    this.#timer = setInterval(() => this.#probeDue(), this.#settings.intervalMs);
    this.#probeDue();
    return this.#startMs;
  }

  /** Resolves once every member has a session, for callers that wait for health before a fault. */
  async allConnected(deadlineMs: number): Promise<boolean> {
    const untilMs = performance.now() + deadlineMs;
    while (!this.#probes.every(probe => probe.connected)) {
      if (performance.now() > untilMs) return false;
      await new Promise(resolve => setTimeout(resolve, 10));
    }
    return true;
  }

  /**
   * Number of probes sent so late that they would count as slow through no fault of the member. There must be
   * few, or the run is void.
   */
  get lateTicks(): number {
    return this.#lateTicks;
  }

  /** Ends the probes. Ticks that still wait count as `timeout`. */
  async stop(): Promise<MemberAvailability[]> {
    clearInterval(this.#timer);
    const results = this.#probes.map(probe => probe.track.finish(performance.now() - this.#startMs));
    await Promise.all(this.#probes.map(probe => probe.close()));
    return results;
  }

  /** A late timer owes several ticks. Each gets its probe now, judged from the time when it was due. */
  #probeDue(): void {
    const elapsedMs = performance.now() - this.#startMs;
    const { intervalMs, slowMs } = this.#settings;
    while (this.#tick * intervalMs <= elapsedMs) {
      if (elapsedMs - this.#tick * intervalMs > slowMs / 2) this.#lateTicks++;
      for (const probe of this.#probes) probe.tick(this.#tick);
      this.#tick++;
    }
  }
}

class MemberProbe implements ReplyHandler {
  readonly #target: ProbeTarget;
  readonly #settings: Settings;
  readonly #frontier: ZxidFrontier;
  startMs = 0;
  readonly track: AvailabilityTrack;
  #session: Session | undefined;
  #lastCode: SessionError['code'] = 'REFUSED';
  #retryDelayMs: number = RETRY_DELAY_MS.min;
  #retryTimer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(target: ProbeTarget, settings: Settings, frontier: ZxidFrontier) {
    this.#target = target;
    this.#settings = settings;
    this.#frontier = frontier;
    this.track = new AvailabilityTrack(target.name, target.role, settings.intervalMs, settings.timeoutMs);
    this.#connect(undefined);
  }

  get connected(): boolean {
    return this.#session?.isOpen === true;
  }

  tick(tick: number): void {
    this.track.begin(tick);
    const session = this.#session;
    if (!session?.isOpen) {
      this.track.settle(tick, this.#withoutSession());
    } else if (!session.full) {
      session.begin(OpCode[this.#settings.operation]).writeString(this.#settings.path).writeBoolean(false);
      session.end(this, tick);
    }
  }

  onReply(reply: { err: number; zxid: number; tag: number; receivedAtMs: number }): void {
    const dueMs = this.startMs + reply.tag * this.#settings.intervalMs;
    const tookMs = reply.receivedAtMs - dueMs;
    const stale = this.#frontier.isStale(reply.zxid, reply.receivedAtMs);
    // Only a new leader shows the first zxid of its epoch. It is no transaction, so nobody is behind it.
    if (counterOf(reply.zxid) > 0) this.#frontier.saw(reply.zxid, reply.receivedAtMs);
    this.track.settle(reply.tag, this.#outcome(reply.err, tookMs, stale), tookMs);
  }

  onLost(tick: number): void {
    this.track.settle(tick, 'error');
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retryTimer);
    if (this.#session?.inFlight === 0) await this.#session.close();
    else this.#session?.destroy();
  }

  #outcome(err: number, tookMs: number, stale: boolean): ReadOutcome {
    if (err !== 0) return 'error';
    if (tookMs > this.#settings.timeoutMs) return 'timeout';
    if (stale) return 'stale';
    return tookMs > this.#settings.slowMs ? 'slow' : 'ok';
  }

  #withoutSession(): ReadOutcome {
    return this.#lastCode === 'CONNECT_TIMEOUT' || this.#lastCode === 'READ_TIMEOUT' ? 'timeout' : 'refused';
  }

  #connect(previous: Session | undefined): void {
    const { host, port } = this.#target;
    const { readOnly, sessionTimeoutMs, timeoutMs } = this.#settings;
    const session = new Session({
      host,
      port,
      readOnly,
      timeoutMs: sessionTimeoutMs,
      connectTimeoutMs: timeoutMs,
      inFlightMax: IN_FLIGHT_MAX,
      ...(previous && {
        sessionId: previous.sessionId,
        password: previous.password,
        lastZxidSeen: previous.lastZxid,
      }),
      onEnd: error => this.#onEnd(session, error),
    });
    this.#session = session;
    session.open().then(
      () => this.#onOpen(session),
      (error: SessionError) => this.#onEnd(session, error),
    );
  }

  #onOpen(session: Session): void {
    this.#retryDelayMs = RETRY_DELAY_MS.min;
    if (this.#closed) session.destroy();
  }

  /**
   * Keeps the session when the connection is lost, as a client does, and begins a new one after an expiry.
   */
  #onEnd(session: Session, error: SessionError): void {
    if (this.#closed) return;
    this.#lastCode = error.code;
    const renewable = error.code !== 'SESSION_EXPIRED' && session.sessionId !== 0n ? session : undefined;
    this.#retryTimer = setTimeout(() => this.#connect(renewable), this.#retryDelayMs);
    this.#retryDelayMs = Math.min(this.#retryDelayMs * 2, RETRY_DELAY_MS.max);
  }
}
