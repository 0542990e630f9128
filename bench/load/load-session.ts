/**
 * One session under load. It sends what its cursor draws, reports to the recorder, and reconnects after a
 * loss.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ReplyHandler } from './in-flight.ts';
import type { LoadRecorder } from './load-recorder.ts';
import { LOAD_DEFAULTS, type LoadSpec, type LoadTarget } from './load-spec.ts';
import { errorOf, type OperationIndex, operationNames } from './operations.ts';
import { Session } from './session.ts';
import { SessionError } from './session-error.ts';
import { WorkloadCursor } from './workload-cursor.ts';

/** How long a member may refuse a new session before the load gives up. */
const OPEN_WITHIN_MS = 3_000;
const RETRY_DELAY_MS = { min: 20, max: 500 } as const;

export class LoadSession {
  readonly #spec: LoadSpec;
  readonly #target: LoadTarget;
  readonly #cursor: WorkloadCursor;
  readonly #recorder: LoadRecorder;
  readonly #handlers: ReplyHandler[];
  #session: Session | undefined;
  #stopped = false;
  #retryDelayMs: number = RETRY_DELAY_MS.min;
  #retryTimer: NodeJS.Timeout | undefined;
  /** Called after each reply and each connection. The closed loop sends its next requests there. */
  onReady: (() => void) | undefined;

  constructor(spec: LoadSpec, targetIndex: number, cursor: WorkloadCursor, recorder: LoadRecorder) {
    this.#spec = spec;
    this.#target = spec.targets[targetIndex]!;
    this.#cursor = cursor;
    this.#recorder = recorder;
    this.#handlers = operationNames.map((_, operation) => this.#handlerOf(targetIndex, operation));
  }

  get canSend(): boolean {
    return this.#session?.isOpen === true && !this.#session.full;
  }

  get inFlight(): number {
    return this.#session?.inFlight ?? 0;
  }

  /**
   * Resolves once connected. A member that looks for a leader, as after any fault, refuses clients for a
   * moment. Clients retry, and so does this. @throws SessionError when that lasts longer than OPEN_WITHIN_MS
   */
  async open(): Promise<void> {
    const deadlineMs = performance.now() + OPEN_WITHIN_MS;
    for (;;) {
      try {
        await this.#connect();
        return;
      } catch (error) {
        const turnedAway = error instanceof SessionError && error.code === 'TURNED_AWAY';
        if (!turnedAway || this.#stopped || performance.now() > deadlineMs) throw error;
      }
      await sleep(RETRY_DELAY_MS.min);
    }
  }

  /** Sends one operation; `canSend` must hold. */
  send(intendedMs: number, nowMs: number): void {
    const session = this.#session!;
    const operation = this.#cursor.write(session);
    session.end(this.#handlers[operation]!, intendedMs, nowMs);
    this.#recorder.onSent(intendedMs, nowMs);
  }

  async close(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#retryTimer);
    const session = this.#session;
    if (session === undefined) return;
    if (session.inFlight > 0) session.destroy();
    else await session.close();
  }

  #handlerOf(target: number, operation: OperationIndex): ReplyHandler {
    const creates = WorkloadCursor.creates(operation);
    return {
      onReply: reply => {
        const err = errorOf(operation, reply.err, reply.reader);
        if (creates) this.#cursor.onCreated(operation, err === 0 ? reply.reader : undefined);
        this.#recorder.onReply(target, operation, err, reply.tag, reply.sentAtMs, reply.receivedAtMs);
        this.onReady?.();
      },
      onLost: intendedMs => {
        if (creates) this.#cursor.onCreated(operation, undefined);
        this.#recorder.onLost(target, operation, intendedMs);
      },
    };
  }

  async #connect(): Promise<void> {
    const { host, port } = this.#target;
    const previous = this.#session;
    const session = new Session({
      host,
      port,
      readOnly: this.#spec.readOnly ?? false,
      timeoutMs: this.#spec.sessionTimeoutMs ?? LOAD_DEFAULTS.sessionTimeoutMs,
      inFlightMax: this.#spec.inFlightMax ?? LOAD_DEFAULTS.inFlightMax,
      ...(previous === undefined ? {} : renewalOf(previous)),
      onEnd: error => this.#onEnd(error),
    });
    await session.open();
    this.#session = session;
    this.#retryDelayMs = RETRY_DELAY_MS.min;
    if (this.#stopped) session.destroy();
    else this.onReady?.();
  }

  #onEnd(error: SessionError): void {
    if (this.#stopped || error.code === 'CLOSED') return;
    this.#retryTimer = setTimeout(() => {
      this.#recorder.reconnects++;
      this.#connect().catch((failure: unknown) => {
        if (!(failure instanceof SessionError)) throw failure;
        // The load needs any session, so after an expiry it starts a new one.
        if (failure.code === 'SESSION_EXPIRED') {
          this.#session = undefined;
          this.#cursor.onNewSession();
        }
        this.#onEnd(failure);
      });
    }, this.#retryDelayMs);
    this.#retryDelayMs = Math.min(this.#retryDelayMs * 2, RETRY_DELAY_MS.max);
  }
}

function renewalOf(session: Session): { sessionId: bigint; password: Buffer | null; lastZxidSeen: number } {
  return { sessionId: session.sessionId, password: session.password, lastZxidSeen: session.lastZxid };
}
