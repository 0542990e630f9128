/** Keeps the output of a member on disk: its beginning and its end, within a limit. */
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Readable } from 'node:stream';

/** A quarter each for the beginning and for two generations of the end; the fourth is slack. */
const LOG_BYTES_MAX = 8 * 1024 * 1024;
const TAIL_CHARACTERS_MAX = 16 * 1024;

/**
 * `file` gets the first quarter of the limit. What follows goes to `<file>.end`, which becomes `<file>.end.1`
 * whenever it reaches a quarter too. Everything is written at once, so a SIGKILL of the lab loses nothing.
 */
export class CappedLog {
  readonly file: string;
  readonly #partBytesMax: number;
  #descriptor: number | undefined;
  #partBytes = 0;
  #inEnd = false;
  #tail = '';
  #isClosed = false;
  #isWhole = true;
  /** Why the disk took no more; the end is kept in memory then. */
  #problem: string | undefined;

  /** Appends to the log of earlier processes of the same member. */
  constructor(file: string, bytesMax = LOG_BYTES_MAX) {
    this.file = file;
    this.#partBytesMax = Math.floor(bytesMax / 4);
    mkdirSync(dirname(file), { recursive: true });
    this.#descriptor = openSync(file, 'a');
  }

  read(stream: Readable | null | undefined): void {
    stream?.on('data', (chunk: Buffer) => this.write(chunk));
  }

  write(chunk: Buffer): void {
    if (this.#isClosed) return;
    this.#tail = (this.#tail + chunk.toString('utf8')).slice(-TAIL_CHARACTERS_MAX);
    if (this.#problem !== undefined) return;
    try {
      this.#store(chunk);
    } catch (error) {
      this.#problem = (error as Error).message;
    }
  }

  /** The last lines, from memory. They are there even if the disk is full. */
  tail(lines = 20): string {
    return this.#tail.trimEnd().split('\n').slice(-lines).join('\n');
  }

  /** Nothing of what was written is missing in between. */
  get isWhole(): boolean {
    return this.#isWhole && this.#problem === undefined;
  }

  /** Everything that is kept, in order. */
  content(): string {
    const stored = [this.file, `${this.file}.end.1`, `${this.file}.end`].map(readOrEmpty).join('');
    return this.#problem === undefined
      ? stored
      : `${stored}\n(zklab could store no more of this log: ${this.#problem}; it ended with)\n${this.#tail}`;
  }

  close(): void {
    this.#isClosed = true;
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }

  #store(chunk: Buffer): void {
    if (this.#partBytes + chunk.length > this.#partBytesMax) this.#nextPart();
    this.#isWhole &&= chunk.length <= this.#partBytesMax;
    writeSync(this.#descriptor!, chunk.subarray(0, this.#partBytesMax));
    this.#partBytes += chunk.length;
  }

  #nextPart(): void {
    closeSync(this.#descriptor!);
    this.#descriptor = undefined;
    const end = `${this.file}.end`;
    if (this.#inEnd) {
      this.#isWhole &&= !existsSync(`${end}.1`);
      renameSync(end, `${end}.1`);
    }
    this.#inEnd = true;
    this.#descriptor = openSync(end, 'w');
    this.#partBytes = 0;
  }
}

function readOrEmpty(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
