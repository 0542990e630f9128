import { Fifo } from '../../collections/fifo.ts';

/** The destination of lines. It takes what it can at once and never waits. */
export interface LogDevice {
  /**
   * Returns how many of `bytes` it took.
   * @throws with a `code`: EAGAIN when it takes none now, ENOSPC, EPIPE, EIO
   */
  write(bytes: Uint8Array): number;
}

export interface LogOutputParts {
  readonly device: LogDevice;
  /** Must not keep the process alive. */
  after(delayMs: number, run: () => void): void;
  /** The line that is written in place of dropped ones. */
  lossReport(linesDropped: number, reason: string): string;
}

/** Limit on the bytes of waiting lines. Above it the oldest are dropped. */
export const LOG_BACKLOG_BYTES_MAX = 1024 * 1024;
/** Most bytes handed to the device in one call, when more than a line waits. */
const PIECE_BYTES = 64 * 1024;
/** Retry interval in ms for a pipe whose reader is slow; a try costs one system call. */
const BUSY_RETRY_MS = 10;
/** Retry interval in ms for a full disk, or a pipe that nobody reads any more. */
const FAILED_RETRY_MS = 1000;
const BUSY = 'EAGAIN';

/**
 * Writes lines to standard output or standard error, whatever state it is in. A line is written at once when
 * the device takes it, so that it survives a crash. Otherwise it waits, complete and in order, up to a bound.
 * Beyond that the oldest lines are dropped and counted, and one line in their place says how many. Nothing
 * here throws or blocks (field report B8).
 */
export class LogOutput {
  readonly #parts: LogOutputParts;
  readonly #waiting = new Fifo<string>();
  #waitingBytes = 0;
  /** Whole lines on their way to the device, and how much of them it has taken. */
  #piece: Uint8Array | null = null;
  #taken = 0;
  #unreported = 0;
  #retryPending = false;
  /** The reason of the device's last refusal. */
  #trouble = '';
  /** Dropped since the start of the process. */
  linesDropped = 0;

  constructor(parts: LogOutputParts) {
    this.#parts = parts;
  }

  /** `line` ends in a line feed. */
  write(line: string): void {
    if (this.#piece !== null) {
      this.#keep(line);
      return;
    }
    this.#piece = Buffer.from(line);
    if (!this.flush()) this.#retryLater();
  }

  get bytesWaiting(): number {
    return this.#waitingBytes + (this.#piece?.length ?? 0) - this.#taken;
  }

  /** True when the device will take more soon; false when it has failed. */
  get isBusy(): boolean {
    return this.#trouble === BUSY;
  }

  /** Hands over waiting lines, as far as the device takes them. True when none are left. */
  flush(): boolean {
    try {
      for (;;) {
        this.#piece ??= this.#nextPiece();
        if (this.#piece === null) return true;
        this.#taken += this.#parts.device.write(this.#piece.subarray(this.#taken));
        if (this.#taken < this.#piece.length) continue;
        this.#piece = null;
        this.#taken = 0;
      }
    } catch (error) {
      this.#trouble = (error as NodeJS.ErrnoException).code ?? (error as Error).message;
      return false;
    }
  }

  #nextPiece(): Uint8Array | null {
    if (this.#unreported > 0) {
      const report = this.#parts.lossReport(this.#unreported, this.#trouble);
      this.#unreported = 0;
      return Buffer.from(report);
    }
    let text = '';
    let bytes = 0;
    while (bytes < PIECE_BYTES) {
      const line = this.#waiting.shift();
      if (line === undefined) break;
      text += line;
      bytes += Buffer.byteLength(line);
    }
    this.#waitingBytes -= bytes;
    return bytes === 0 ? null : Buffer.from(text);
  }

  #keep(line: string): void {
    this.#waiting.push(line);
    this.#waitingBytes += Buffer.byteLength(line);
    while (this.#waitingBytes > LOG_BACKLOG_BYTES_MAX) {
      this.#waitingBytes -= Buffer.byteLength(this.#waiting.shift()!);
      this.linesDropped++;
      this.#unreported++;
    }
  }

  #retryLater(): void {
    if (this.#retryPending) return;
    this.#retryPending = true;
    this.#parts.after(this.isBusy ? BUSY_RETRY_MS : FAILED_RETRY_MS, () => {
      this.#retryPending = false;
      if (!this.flush()) this.#retryLater();
    });
  }
}
