import { createHash, type Hash } from 'node:crypto';
import { writeFileSync } from 'node:fs';

/** Lines kept in memory for the file. The hash covers the later ones too. */
const TRACE_LINES_MAX = 200_000;

/**
 * The events of a simulated run, one line each: virtual time, who, what. The same seed gives the same bytes,
 * so the hash of the trace identifies the whole run.
 */
export class Trace {
  readonly #hash: Hash = createHash('sha256');
  readonly #lines: string[] = [];
  readonly #linesMax: number;
  #count = 0;

  constructor(linesMax: number = TRACE_LINES_MAX) {
    this.#linesMax = linesMax;
  }

  get count(): number {
    return this.#count;
  }

  add(timeMs: number, who: string, what: string): void {
    const line = `${timeMs.toFixed(3).padStart(12)} ${who.padEnd(10)} ${what}\n`;
    this.#hash.update(line);
    this.#count++;
    if (this.#lines.length < this.#linesMax) this.#lines.push(line);
  }

  /** Hash of all lines so far. */
  hash(): string {
    return this.#hash.copy().digest('hex');
  }

  text(): string {
    const dropped = this.#count - this.#lines.length;
    return this.#lines.join('') + (dropped > 0 ? `... and ${dropped} more lines\n` : '');
  }

  writeTo(path: string): void {
    writeFileSync(path, this.text());
  }
}
