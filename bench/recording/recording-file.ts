/** Reads a recording from its file, and writes one in blocks, up to a size. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { readGivenFile } from '../../results/given-file.ts';
import {
  decodeRecording,
  RECORDING_BYTES_MAX,
  type RecordedEvent,
  type Recording,
  RecordingEncoder,
  RecordingError,
} from './recording.ts';

/** Written at once. It is also all that a recording keeps in memory. */
const BLOCK_BYTES = 64 * 1024;

export class RecordingFile {
  readonly #file: number;
  readonly #bytesMax: number;
  readonly #encoder = new RecordingEncoder();
  #block: Buffer[] = [];
  #blockBytes = 0;
  /** Whether the largest size was reached, and the rest left out. */
  isFull = false;
  #isEnded = false;
  /** Why the file could not be written; nothing is recorded after that. */
  problem: string | undefined;

  /** @throws Error of the system when the file exists, or cannot be created */
  constructor(path: string, { hashedPaths, bytesMax }: { hashedPaths: boolean; bytesMax: number }) {
    this.#file = openSync(path, 'wx');
    this.#bytesMax = bytesMax;
    this.#keep(this.#encoder.header(hashedPaths));
  }

  get bytes(): number {
    return this.#encoder.bytes;
  }

  get records(): number {
    return this.#encoder.records;
  }

  write(event: RecordedEvent): void {
    if (this.#isEnded || this.isFull || this.problem !== undefined) return;
    if (this.#encoder.bytes >= this.#bytesMax) this.isFull = true;
    else this.#keep(this.#encoder.event(event));
  }

  /** Writes the end, without which a recording cannot be replayed. */
  end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#keep(this.#encoder.end());
    this.#flush();
    closeSync(this.#file);
  }

  #keep(piece: Buffer): void {
    this.#block.push(piece);
    this.#blockBytes += piece.length;
    if (this.#blockBytes >= BLOCK_BYTES) this.#flush();
  }

  #flush(): void {
    const block = Buffer.concat(this.#block);
    this.#block = [];
    this.#blockBytes = 0;
    if (this.problem !== undefined) return;
    try {
      for (let at = 0; at < block.length; ) at += writeSync(this.#file, block, at);
    } catch (error) {
      this.problem = (error as Error).message;
    }
  }
}

/** @throws RecordingError in one sentence, without the name of the file */
export function readRecording(path: string): Recording {
  let bytes: Buffer;
  try {
    bytes = readGivenFile(path, RECORDING_BYTES_MAX);
  } catch (error) {
    throw new RecordingError(`it cannot be read: ${(error as Error).message}`);
  }
  return decodeRecording(bytes);
}
