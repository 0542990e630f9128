import { createHash, type Hash } from 'node:crypto';
import { writeFileSync } from 'node:fs';

/** Lines kept in memory for the file. The hash covers the later ones too. */
const TRACE_LINES_MAX = 200_000;

/**
 * The text of a line, or a function that makes it when the trace is read. Most runs pass, and nobody reads
 * their trace.
 */
export type Said = string | (() => string);

interface Line {
  readonly timeMs: number;
  readonly who: string;
  readonly what: Said;
}

/**
 * The events of a simulated run, one line each: virtual time, who, what. The same seed gives the same bytes,
 * so the hash of the trace identifies the whole run.
 */
export class Trace {
  readonly #lines: Line[] = [];
  readonly #linesMax: number;
  /** Of all lines, once there are more of them than are kept. */
  #hash: Hash | undefined;
  #count = 0;

  constructor(linesMax: number = TRACE_LINES_MAX) {
    this.#linesMax = linesMax;
  }

  get count(): number {
    return this.#count;
  }

  add(timeMs: number, who: string, what: Said): void {
    this.#count++;
    const line = { timeMs, who, what };
    if (this.#lines.length < this.#linesMax) {
      this.#lines.push(line);
      return;
    }
    this.#hash ??= this.#hashOfKept();
    this.#hash.update(textOf(line));
  }

  /** Hash of all lines so far. */
  hash(): string {
    return (this.#hash?.copy() ?? this.#hashOfKept()).digest('hex');
  }

  text(): string {
    const dropped = this.#count - this.#lines.length;
    return this.#lines.map(textOf).join('') + (dropped > 0 ? `... and ${dropped} more lines\n` : '');
  }

  writeTo(path: string): void {
    writeFileSync(path, this.text());
  }

  #hashOfKept(): Hash {
    const hash = createHash('sha256');
    for (const line of this.#lines) hash.update(textOf(line));
    return hash;
  }
}

function textOf({ timeMs, who, what }: Line): string {
  const said = typeof what === 'string' ? what : what();
  return `${timeMs.toFixed(3).padStart(12)} ${who.padEnd(10)} ${said}\n`;
}
