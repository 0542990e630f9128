import type { JuteReader, JuteWriter } from './jute.ts';

/**
 * Precedes each part of a multi and, with `done`, follows the last. @see docs/wire.md "Multi"; MultiHeader
 */
export interface MultiHeader {
  type: number;
  done: boolean;
  err: number;
}

export function readMultiHeader(reader: JuteReader): MultiHeader {
  return { type: reader.readInt(), done: reader.readBoolean(), err: reader.readInt() };
}

export function writeMultiHeader(writer: JuteWriter, type: number, done: boolean, err: number): void {
  writer.writeInt(type).writeBoolean(done).writeInt(err);
}

/**
 * Calls `readOp` with the type of each part; it must consume the part's body. Only the bytes limit the number
 * of parts.
 */
export function readMulti(reader: JuteReader, readOp: (type: number, reader: JuteReader) => void): void {
  for (;;) {
    const header = readMultiHeader(reader);
    if (header.done) return;
    readOp(header.type, reader);
  }
}

export function writeMultiEnd(writer: JuteWriter): void {
  writeMultiHeader(writer, -1, true, -1);
}
