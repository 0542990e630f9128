import { JuteError, type JuteReader, type JuteWriter } from './jute.ts';

/** Stands before each part of a multi and, with `done`, behind the last. @see facts section 6; MultiHeader */
export interface MultiHeader {
  type: number;
  done: boolean;
  err: number;
}

/** More parts than any client sends in the 1 MiB of a frame. */
const MULTI_OPS_MAX = 100_000;

export function readMultiHeader(reader: JuteReader): MultiHeader {
  return { type: reader.readInt(), done: reader.readBoolean(), err: reader.readInt() };
}

export function writeMultiHeader(writer: JuteWriter, type: number, done: boolean, err: number): void {
  writer.writeInt(type).writeBoolean(done).writeInt(err);
}

/** Calls `readOp` with the type of each part; it must consume the part's body. */
export function readMulti(reader: JuteReader, readOp: (type: number, reader: JuteReader) => void): void {
  for (let count = 0; ; count++) {
    if (count > MULTI_OPS_MAX) throw new JuteError(`multi of more than ${MULTI_OPS_MAX} operations`);
    const header = readMultiHeader(reader);
    if (header.done) return;
    readOp(header.type, reader);
  }
}

export function writeMultiEnd(writer: JuteWriter): void {
  writeMultiHeader(writer, -1, true, -1);
}
