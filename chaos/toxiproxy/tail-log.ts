import type { Readable } from 'node:stream';

/** Keeps the last `bytesMax` characters of some streams, however much they write. */
export class TailLog {
  readonly #bytesMax: number;
  #text = '';

  constructor(bytesMax = 64 * 1024) {
    this.#bytesMax = bytesMax;
  }

  read(stream: Readable | null | undefined): void {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      this.#text = (this.#text + text).slice(-this.#bytesMax);
    });
  }

  toString(): string {
    return this.#text;
  }
}
