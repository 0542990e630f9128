/**
 * One session under load. It sends what its cursor draws, reports to the recorder, and reconnects after a
 * loss.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { JuteWriter } from '../../server/wire/jute.ts';
import type { OpCode } from '../../server/wire/opcodes.ts';
import type { WatcherEvent } from '../../server/wire/watch-event.ts';
import type { LoadRecorder } from './load-recorder.ts';
import { LOAD_DEFAULTS, type LoadSpec } from './load-spec.ts';
import { Compound, type CompoundReport, type RecipeHost } from './recipes/recipe.ts';
import type { Recipes } from './recipes/recipes.ts';
import type { Reply, ReplyHandler } from './session/in-flight.ts';
import { Session, type SessionOptions } from './session/session.ts';
import { SessionError } from './session/session-error.ts';
import { errorOf, type OperationIndex, operationNames, RECIPES_FROM } from './workload/operations.ts';
import { WorkloadCursor } from './workload/workload-cursor.ts';

/** How long a member may refuse a new session before the load gives up. */
const OPEN_WITHIN_MS = 3_000;
const RETRY_DELAY_MS = { min: 20, max: 500 } as const;

export interface LoadSessionOptions {
  readonly spec: LoadSpec;
  /** Position in `spec.targets`. */
  readonly target: number;
  readonly cursor: WorkloadCursor;
  readonly recorder: LoadRecorder;
  /** Makes what carries out operations of several requests. */
  readonly recipesOf: (host: RecipeHost, session: SessionOptions) => Recipes;
}

export class LoadSession implements RecipeHost, CompoundReport {
  readonly #options: SessionOptions;
  readonly #inFlightMax: number;
  readonly #target: number;
  readonly #cursor: WorkloadCursor;
  readonly #recorder: LoadRecorder;
  readonly #handlers: ReplyHandler[];
  readonly #recipes: Recipes;
  /** Operations of several requests that are under way. */
  readonly #compounds = new Set<Compound>();
  /** Requests in flight that belong to recipes. */
  #parts = 0;
  readonly #listeners = new Map<string, (() => void)[]>();
  #session: Session | undefined;
  #stopped = false;
  #retryDelayMs: number = RETRY_DELAY_MS.min;
  #retryTimer: NodeJS.Timeout | undefined;
  /** Called after each reply and each connection. The closed loop sends its next requests there. */
  onReady: (() => void) | undefined;

  constructor({ spec, target, cursor, recorder, recipesOf }: LoadSessionOptions) {
    const { host, port } = spec.targets[target]!;
    this.#inFlightMax = spec.inFlightMax ?? LOAD_DEFAULTS.inFlightMax;
    this.#options = {
      host,
      port,
      readOnly: spec.readOnly ?? false,
      timeoutMs: spec.sessionTimeoutMs ?? LOAD_DEFAULTS.sessionTimeoutMs,
      inFlightMax: this.#inFlightMax,
    };
    this.#target = target;
    this.#cursor = cursor;
    this.#recorder = recorder;
    this.#handlers = operationNames.map((_, operation) => this.#handlerOf(operation));
    this.#recipes = recipesOf(this, this.#options);
  }

  get canSend(): boolean {
    const session = this.#session;
    return session?.isOpen === true && !session.full && this.#compounds.size < this.#inFlightMax;
  }

  /** Operations under way. */
  get inFlight(): number {
    return (this.#session?.inFlight ?? 0) - this.#parts + this.#compounds.size;
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
    this.#recorder.onSent(intendedMs, nowMs);
    if (operation < RECIPES_FROM) {
      session.end(this.#handlers[operation]!, intendedMs, nowMs);
      return;
    }
    const compound = new Compound(operation, intendedMs, nowMs, this);
    this.#compounds.add(compound);
    this.#recipes.get(operation)!.start(compound);
  }

  request(
    op: OpCode,
    write: (body: JuteWriter) => void,
    onReply: (reply: Readonly<Reply>) => void,
    onLost: () => void,
  ): void {
    const session = this.#session;
    if (session?.isOpen !== true || session.full) {
      onLost();
      return;
    }
    write(session.begin(op));
    this.#parts++;
    session.end({
      onReply: reply => {
        this.#parts--;
        onReply(reply);
      },
      onLost: () => {
        this.#parts--;
        onLost();
      },
    });
  }

  onceChanged(path: string, listener: () => void): void {
    const listeners = this.#listeners.get(path);
    if (listeners === undefined) this.#listeners.set(path, [listener]);
    else listeners.push(listener);
  }

  forgetChange(path: string, listener: () => void): void {
    const left = (this.#listeners.get(path) ?? []).filter(each => each !== listener);
    if (left.length === 0) this.#listeners.delete(path);
    else this.#listeners.set(path, left);
  }

  async close(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#retryTimer);
    for (const compound of [...this.#compounds]) compound.lost();
    const session = this.#session;
    await Promise.all([...new Set(this.#recipes.values())].map(recipe => recipe.close?.()));
    if (session === undefined) return;
    if (session.inFlight > 0) session.destroy();
    else await session.close();
  }

  onDone(compound: Compound, err: number, fromMs: number, endedMs: number): void {
    this.#compounds.delete(compound);
    this.#recorder.onReply(this.#target, compound.operation, err, compound.intendedMs, fromMs, endedMs);
    this.onReady?.();
  }

  onLost(compound: Compound): void {
    this.#compounds.delete(compound);
    this.#recorder.onLost(this.#target, compound.operation, compound.intendedMs);
  }

  #handlerOf(operation: OperationIndex): ReplyHandler {
    const creates = WorkloadCursor.creates(operation);
    const target = this.#target;
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
    const previous = this.#session;
    const session = new Session({
      ...this.#options,
      ...(previous === undefined ? {} : renewalOf(previous)),
      onWatch: event => this.#onWatch(event),
      onEnd: error => this.#onEnd(error),
    });
    await session.open();
    this.#session = session;
    this.#retryDelayMs = RETRY_DELAY_MS.min;
    if (this.#stopped) {
      session.destroy();
      return;
    }
    for (const recipe of this.#recipes.values()) recipe.onConnected?.();
    this.onReady?.();
  }

  #onWatch({ path }: WatcherEvent): void {
    const listeners = this.#listeners.get(path);
    this.#listeners.delete(path);
    for (const listener of listeners ?? []) listener();
  }

  #onEnd(error: SessionError): void {
    this.#listeners.clear();
    if (this.#stopped || error.code === 'CLOSED') return;
    let isRenewed = true;
    for (const recipe of this.#recipes.values()) if (recipe.onDisconnected?.() === true) isRenewed = false;
    if (!isRenewed) this.#forgetSession();
    this.#retryLater();
  }

  #retryLater(): void {
    this.#retryTimer = setTimeout(() => {
      this.#recorder.reconnects++;
      this.#connect().catch((failure: unknown) => {
        if (!(failure instanceof SessionError)) throw failure;
        // The load needs any session, so after an expiry it starts a new one.
        if (failure.code === 'SESSION_EXPIRED') this.#forgetSession();
        if (!this.#stopped) this.#retryLater();
      });
    }, this.#retryDelayMs);
    this.#retryDelayMs = Math.min(this.#retryDelayMs * 2, RETRY_DELAY_MS.max);
  }

  #forgetSession(): void {
    this.#session = undefined;
    this.#cursor.onNewSession();
  }
}

function renewalOf(session: Session): Pick<SessionOptions, 'sessionId' | 'password' | 'lastZxidSeen'> {
  return { sessionId: session.sessionId, password: session.password, lastZxidSeen: session.lastZxid };
}
