/** Keeps the output of a member on disk: its beginning and its end, within a limit. */
import { closeSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
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

  /** Appends to the log of earlier processes of the same member. */
  constructor(file: string, bytesMax = LOG_BYTES_MAX) {
    this.file = file;
    this.#partBytesMax = Math.floor(bytesMax / 4);
    this.#descriptor = openSync(file, 'a');
  }

  read(stream: Readable | null | undefined): void {
    stream?.on('data', (chunk: Buffer) => this.write(chunk));
  }

  write(chunk: Buffer): void {
    if (this.#descriptor === undefined) return;
    if (this.#partBytes + chunk.length > this.#partBytesMax) this.#nextPart();
    writeSync(
      this.#descriptor,
      chunk.length > this.#partBytesMax ? chunk.subarray(0, this.#partBytesMax) : chunk,
    );
    this.#partBytes += chunk.length;
    this.#tail = (this.#tail + chunk.toString('utf8')).slice(-TAIL_CHARACTERS_MAX);
  }

  /** The last lines, from memory. */
  tail(lines = 20): string {
    return this.#tail.trimEnd().split('\n').slice(-lines).join('\n');
  }

  /** Everything that is kept, in order. */
  content(): string {
    return [this.file, `${this.file}.end.1`, `${this.file}.end`].map(readOrEmpty).join('');
  }

  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }

  #nextPart(): void {
    closeSync(this.#descriptor!);
    const end = `${this.file}.end`;
    if (this.#inEnd) renameSync(end, `${end}.1`);
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
