/**
 * A client that applications use, as a child process with the whole connect string. It records what its
 * application sees in the history, as `RecordingClient` does for the wire.
 */

import { isWrite } from '../../checkers/history.ts';
import type { ApplicationRecord } from '../../checkers/run-record.ts';
import type { ClientKind } from '../../real-clients/client-kinds.ts';
import { ClientProgram } from '../../real-clients/client-program.ts';
import type { ProgramAnswer, ProgramRequest, StateChange } from '../../real-clients/protocol.ts';
import type { RecipeClient } from '../workload.ts';
import type { HistoryRecorder, Invocation } from './history-recorder.ts';
import type { Answer, Request } from './recording-client.ts';

export interface ApplicationClientOptions {
  readonly process: number;
  readonly kind: ClientKind;
  /** "host:port,host:port", and the path below which it stays. */
  readonly connectString: string;
  readonly sessionTimeoutMs: number;
  readonly recorder: HistoryRecorder;
  /** Its process has ended though nobody asked it to. */
  onLost(why: string): void;
}

interface Pending {
  readonly operation: number;
  readonly invocation: Invocation;
  readonly onAnswer: ((answer: Answer) => void) | undefined;
}

/** How long its recipe of locks waits for one. */
const LOCK_MAX_MS = 3_000;

export class ApplicationClient implements RecipeClient {
  readonly kind: ClientKind;
  readonly #options: ApplicationClientOptions;
  readonly #program: ClientProgram;
  readonly #pending = new Map<number, Pending>();
  readonly #disconnectedMs: number[] = [];
  readonly #lost: { session: string; timeMs: number }[] = [];
  #ids = 0;
  #session: string | undefined;
  #timeoutMs: number;
  #closing: Promise<void> | undefined;
  #isGone = false;

  constructor(options: ApplicationClientOptions) {
    const { kind, connectString, sessionTimeoutMs } = options;
    this.#options = options;
    this.kind = kind;
    this.#timeoutMs = sessionTimeoutMs;
    this.#program = new ClientProgram(kind.command(connectString, sessionTimeoutMs), {
      onAnswer: answer => this.#onAnswer(answer),
      onState: change => this.#onState(change),
      onEnd: exit => this.#onEnd(exit),
    });
  }

  /** It has a session, connected or not: an application may ask, and its library says what comes of it. */
  get ready(): boolean {
    return this.#session !== undefined && !this.#isGone && this.#closing === undefined;
  }

  get pending(): number {
    return this.#pending.size;
  }

  get timeoutMs(): number {
    return this.#timeoutMs;
  }

  get record(): ApplicationRecord {
    const { process } = this.#options;
    return {
      ...{ process, client: this.kind.name, timeoutMs: this.#timeoutMs },
      ...{ disconnectedMs: this.#disconnectedMs, lostSessions: this.#lost },
    };
  }

  listen(): void {}

  /** Pauses its process, or lets it continue. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#program.signal(signal);
  }

  send(request: Request, onAnswer?: (answer: Answer) => void): void {
    const session = this.#session;
    if (session === undefined || !this.ready) throw new Error('no session to send on');
    const invocation = { process: this.#options.process, session, ...request };
    const operation = this.#options.recorder.invoke(invocation);
    const id = ++this.#ids;
    this.#pending.set(id, { operation, invocation, onAnswer });
    this.#program.send(programRequest(id, invocation));
  }

  close(): void {
    void this.end();
  }

  /** Closes its session and ends its process. */
  async end(): Promise<void> {
    this.#closing ??= this.#program.close();
    await this.#closing;
  }

  #onAnswer({ id, ...answer }: ProgramAnswer): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    this.#pending.delete(id);
    this.#complete(pending, answer);
  }

  #complete(
    { operation, invocation, onAnswer }: Pending,
    { type, ...completion }: Omit<ProgramAnswer, 'id'>,
  ): void {
    this.#options.recorder.complete(operation, type, invocation, completion);
    onAnswer?.({ type, completion });
  }

  #onState({ state, session, timeoutMs }: StateChange): void {
    // What a library says of a session that it closes itself is no loss.
    if (this.#closing !== undefined) return;
    const { nowMs } = this.#options.recorder;
    if (state === 'connected') {
      this.#session = session;
      this.#timeoutMs = timeoutMs ?? this.#timeoutMs;
    } else if (state === 'disconnected') this.#disconnectedMs.push(nowMs);
    else if (this.#session !== undefined) {
      this.#lost.push({ session: this.#session, timeMs: nowMs });
      this.#session = undefined;
    }
  }

  #onEnd(exit: string): void {
    this.#isGone = true;
    for (const pending of this.#pending.values())
      this.#complete(pending, { type: isWrite(pending.invocation.f) ? 'info' : 'fail', error: 'it ended' });
    this.#pending.clear();
    if (this.#closing !== undefined) return;
    const { process, onLost } = this.#options;
    onLost(`client ${process} (${this.kind.name}) ended by itself, ${exit}; it said: ${this.#program.said}`);
  }
}

/** What its program is asked. Of a multi only a write behind the check of its fence is possible. */
function programRequest(id: number, invocation: Invocation): ProgramRequest {
  const { session, f, path, value, version, flags, parts, byRecipe } = invocation;
  const of = { id, session };
  if (byRecipe === true && f === 'create')
    return { ...of, f: 'lock', path: path.replace(/\/$/, ''), atMostMs: LOCK_MAX_MS };
  if (byRecipe === true && f === 'delete') return { ...of, f: 'unlock', path };
  if (f === 'multi') {
    const [fence, write] = parts ?? [];
    if (fence?.f !== 'check' || write?.f !== 'setData') throw new Error('a multi that programs do not have');
    return { ...of, f, path: write.path, value: write.value ?? '', holder: fence.path };
  }
  if (f === 'closeSession' || f === 'reconfig') throw new Error(`programs do not have ${f}`);
  return {
    ...of,
    ...{ f, path },
    ...(value !== undefined && { value }),
    ...(version !== undefined && { version }),
    ...(flags !== undefined && { flags }),
  };
}
