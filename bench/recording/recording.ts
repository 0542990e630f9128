/**
 * Recordings of what clients requested, without data. A file is written in Jute:
 *
 *     recording = "ZKREC\0\0" byte version(1), boolean hashedPaths, record*, end
 *     record    = open | request | close
 *     open      = byte 1, int session, long atUs, int timeoutMs
 *     request   = byte 2, int session, long atUs, shape, vector<shape> parts
 *     shape     = int opcode, string path, boolean watch, int dataBytes, int flags
 *     close     = byte 3, int session, long atUs
 *     end       = byte 0, int records, int crc32 of everything before the end
 *
 * Times are microseconds since the recording began, and never go back. Sessions are numbered from 1. `parts`
 * are those of a multi or multiRead. A file without its end was cut, and is refused as a whole.
 */
import { crc32 } from 'node:zlib';
import { JuteError, JuteReader, JuteWriter } from '../../server/wire/jute.ts';

/** What a request asks for. */
export interface RequestShape {
  readonly op: number;
  readonly path: string;
  readonly watch: boolean;
  readonly dataBytes: number;
  /** CreateMode of a create; else 0. */
  readonly flags: number;
}

export type RecordedEvent =
  | { readonly kind: 'open'; readonly session: number; readonly atUs: number; readonly timeoutMs: number }
  | {
      readonly kind: 'request';
      readonly session: number;
      readonly atUs: number;
      readonly shape: RequestShape;
      readonly parts: readonly RequestShape[];
    }
  | { readonly kind: 'close'; readonly session: number; readonly atUs: number };

export interface Recording {
  readonly hashedPaths: boolean;
  readonly events: readonly RecordedEvent[];
}

const MAGIC = Buffer.from('ZKREC\0\0');
const VERSION = 1;
const KIND = { end: 0, open: 1, request: 2, close: 3 } as const;
const END_BYTES = 9;
/** The largest request that is recorded: jute.maxbuffer, and room for what is beside the data. */
export const REQUEST_BYTES_MAX = 1024 * 1024 + 64 * 1024;
/** What `--max-mb` accepts, and room for the largest request. */
export const RECORDING_BYTES_MAX = 66 * 1024 * 1024;

/** The file is no recording, of another version, or damaged. */
export class RecordingError extends Error {
  override readonly name = 'RecordingError';
}

/** Encodes a recording piece by piece. The caller writes each piece to the file. */
export class RecordingEncoder {
  readonly #writer = new JuteWriter(4 * 1024);
  #crc = 0;
  #records = 0;
  #bytes = 0;

  /** Of all pieces so far, and of the end that is still to come. */
  get bytes(): number {
    return this.#bytes + END_BYTES;
  }

  get records(): number {
    return this.#records;
  }

  header(hashedPaths: boolean): Buffer {
    this.#writer.reset().writeRaw(MAGIC).writeByte(VERSION).writeBoolean(hashedPaths);
    return this.#piece();
  }

  event(event: RecordedEvent): Buffer {
    const writer = this.#writer.reset();
    writer.writeByte(KIND[event.kind]).writeInt(event.session).writeLong(event.atUs);
    if (event.kind === 'open') writer.writeInt(event.timeoutMs);
    else if (event.kind === 'request') {
      writeShape(writer, event.shape);
      writer.writeVector(event.parts, writeShape);
    }
    this.#records++;
    return this.#piece();
  }

  end(): Buffer {
    return this.#writer
      .reset()
      .writeByte(KIND.end)
      .writeInt(this.#records)
      .writeInt(this.#crc | 0)
      .toBuffer();
  }

  #piece(): Buffer {
    const piece = this.#writer.toBuffer();
    this.#crc = crc32(piece, this.#crc);
    this.#bytes += piece.length;
    return piece;
  }
}

function writeShape(writer: JuteWriter, { op, path, watch, dataBytes, flags }: RequestShape): void {
  writer.writeInt(op).writeString(path).writeBoolean(watch).writeInt(dataBytes).writeInt(flags);
}

/** @throws RecordingError in one sentence */
export function decodeRecording(bytes: Buffer): Recording {
  if (bytes.length < MAGIC.length || !bytes.subarray(0, MAGIC.length).equals(MAGIC))
    throw new RecordingError('it is not a recording of zklab');
  try {
    return decode(new JuteReader(bytes, MAGIC.length));
  } catch (error) {
    if (!(error instanceof JuteError)) throw error;
    throw new RecordingError(`it is damaged or was cut: ${error.message}`);
  }
}

function decode(reader: JuteReader): Recording {
  const version = reader.readByte();
  if (version !== VERSION)
    throw new RecordingError(`it is a recording of version ${version}; accepted is ${VERSION}`);
  const hashedPaths = reader.readBoolean();
  const events: RecordedEvent[] = [];
  const open = new Set<number>();
  let lastUs = 0;
  for (;;) {
    const at = reader.offset;
    const kind = reader.readByte();
    if (kind === KIND.end) {
      checkEnd(reader, at, events.length);
      return { hashedPaths, events };
    }
    const session = reader.readInt();
    const atUs = reader.readLong();
    if (atUs < lastUs) throw new JuteError(`time goes back from ${lastUs} to ${atUs} us`);
    lastUs = atUs;
    if ((kind === KIND.open) === open.has(session))
      throw new JuteError(`session ${session} ${kind === KIND.open ? 'opens twice' : 'is not open'}`);
    if (kind === KIND.open) {
      open.add(session);
      events.push({ kind: 'open', session, atUs, timeoutMs: reader.readInt() });
    } else if (kind === KIND.request) {
      const shape = readShape(reader);
      events.push({ kind: 'request', session, atUs, shape, parts: reader.readVector(readShape) ?? [] });
    } else if (kind === KIND.close) {
      open.delete(session);
      events.push({ kind: 'close', session, atUs });
    } else throw new JuteError(`a record of kind ${kind}`);
  }
}

function checkEnd(reader: JuteReader, at: number, records: number): void {
  const counted = reader.readInt();
  const sum = reader.readInt();
  if (counted !== records) throw new JuteError(`it has ${records} records and says ${counted}`);
  if ((crc32(reader.bytes.subarray(0, at)) | 0) !== sum) throw new JuteError('its checksum is wrong');
  if (reader.remaining > 0) throw new JuteError(`${reader.remaining} bytes follow its end`);
}

function readShape(reader: JuteReader): RequestShape {
  const op = reader.readInt();
  const path = reader.readString() ?? '';
  const watch = reader.readBoolean();
  const dataBytes = reader.readInt();
  if (dataBytes < 0 || dataBytes > REQUEST_BYTES_MAX)
    throw new JuteError(`a request with ${dataBytes} bytes of data`);
  return { op, path, watch, dataBytes, flags: reader.readInt() };
}
