/**
 * One recorded session, replayed on a connection of its own. It is not renewed: what follows a loss is
 * dropped.
 */
import type { JuteWriter } from '../../../server/wire/jute.ts';
import type { OpCode } from '../../../server/wire/opcodes.ts';
import { LOAD_DEFAULTS, type LoadSpec } from '../load-spec.ts';
import type { ReplyHandler } from '../session/in-flight.ts';
import { Session } from '../session/session.ts';

const TIMEOUT_MS = { min: 1_000, max: 60_000 } as const;

interface Waiting {
  readonly op: OpCode;
  readonly write: (body: JuteWriter) => void;
  readonly handler: ReplyHandler;
}

export class ReplaySession {
  /** Position in `spec.targets`. */
  readonly target: number;
  readonly #session: Session;
  readonly #inFlightMax: number;
  #opening: Promise<void> | undefined;
  #isConnecting = true;
  /** Due before the connection was there. */
  #waiting: Waiting[] = [];

  /** @param timeoutMs as recorded */
  constructor(spec: LoadSpec, target: number, timeoutMs: number) {
    const { host, port } = spec.targets[target]!;
    this.target = target;
    this.#inFlightMax = spec.inFlightMax ?? LOAD_DEFAULTS.inFlightMax;
    this.#session = new Session({
      host,
      port,
      readOnly: spec.readOnly ?? false,
      timeoutMs: Math.min(TIMEOUT_MS.max, Math.max(TIMEOUT_MS.min, timeoutMs)),
      inFlightMax: this.#inFlightMax,
    });
  }

  open(): void {
    this.#opening = this.#session
      .open()
      .then(() => this.#sendWaiting())
      .catch(() => this.#loseWaiting())
      .finally(() => {
        this.#isConnecting = false;
      });
  }

  /** Returns false when the session is lost, or no more requests fit. */
  send(op: OpCode, write: (body: JuteWriter) => void, handler: ReplyHandler, nowMs: number): boolean {
    const session = this.#session;
    if (session.isOpen && this.#waiting.length === 0) {
      if (session.full) return false;
      write(session.begin(op));
      session.end(handler, 0, nowMs);
      return true;
    }
    if (!this.#isConnecting || this.#waiting.length >= this.#inFlightMax) return false;
    this.#waiting.push({ op, write, handler });
    return true;
  }

  /** Behind all requests that were sent. */
  async close(): Promise<void> {
    await this.#opening;
    await this.#session.close();
  }

  #sendWaiting(): void {
    for (const { op, write, handler } of this.#waiting.splice(0)) {
      write(this.#session.begin(op));
      this.#session.end(handler);
    }
  }

  #loseWaiting(): void {
    for (const { handler } of this.#waiting.splice(0)) handler.onLost(0, 0);
  }
}
