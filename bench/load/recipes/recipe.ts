/** Operations of several requests. The session that runs one is its host. */
import type { JuteWriter } from '../../../server/wire/jute.ts';
import type { OpCode } from '../../../server/wire/opcodes.ts';
import type { Reply } from '../session/in-flight.ts';
import type { OperationIndex } from '../workload/operations.ts';

/** Where the outcome of an operation goes. Times are on the clock of `performance.now()`. */
export interface CompoundReport {
  /** @param err 0, or ZooKeeper's code */
  onDone(compound: Compound, err: number, fromMs: number, endedMs: number): void;
  /** Whether it happened is unknown. */
  onLost(compound: Compound): void;
}

/** One such operation, from its start to its only outcome. Later outcomes change nothing. */
export class Compound {
  /** A recipe may carry out another operation than the one that was drawn. */
  operation: OperationIndex;
  readonly intendedMs: number;
  readonly startedMs: number;
  readonly #report: CompoundReport;
  #isOver = false;

  constructor(operation: OperationIndex, intendedMs: number, startedMs: number, report: CompoundReport) {
    this.operation = operation;
    this.intendedMs = intendedMs;
    this.startedMs = startedMs;
    this.#report = report;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** @param endedMs when it had its effect. @param fromMs where its service time begins */
  done(err: number, endedMs: number, fromMs: number = this.startedMs): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#report.onDone(this, err, fromMs, endedMs);
  }

  lost(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#report.onLost(this);
  }
}

/** What a recipe needs from the session. */
export interface RecipeHost {
  /** Sends a request. If no session is open, or no more requests fit, `onLost` is called at once. */
  request(
    op: OpCode,
    write: (body: JuteWriter) => void,
    onReply: (reply: Readonly<Reply>) => void,
    onLost: () => void,
  ): void;
  /** Calls the listener at the next watch event of the path, unless the connection ends first. */
  onceChanged(path: string, listener: () => void): void;
  forgetChange(path: string, listener: () => void): void;
}

/** One session's part in operations of a kind. */
export interface Recipe {
  start(compound: Compound): void;
  onConnected?(): void;
  /**
   * The connection ended. Returns whether znodes of the session must end with it, so that it is not renewed.
   */
  onDisconnected?(): boolean;
  close?(): Promise<void>;
}
