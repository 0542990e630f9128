import { copyBytes } from '../copy-bytes.ts';

/**
 * Jute, ZooKeeper's record encoding: big-endian, fields one after the other, no tags, no padding.
 * A string or buffer is an int length and its bytes; length -1 is null.
 *
 * @see docs/wire.md "Primitives"; BinaryInputArchive; BinaryOutputArchive
 */

const TWO_32 = 0x1_0000_0000;

/** The longest JavaScript string on a 64-bit machine. */
const STRING_BYTES_MAX = 2 ** 29 - 24;

/** The bytes are not what the record says. */
export class JuteError extends Error {
  readonly code = 'ZK_JUTE';
  /** The least number of bytes missing when the input merely ended too early; else 0. */
  readonly missingBytes: number;

  constructor(message: string, missingBytes = 0) {
    super(message);
    this.name = 'JuteError';
    this.missingBytes = missingBytes;
  }

  get short(): boolean {
    return this.missingBytes > 0;
  }
}

/** Reads records in place from `bytes[offset, end)`. One reader serves a connection for life: see `reset`. */
export class JuteReader {
  bytes: Buffer;
  offset: number;
  end: number;

  constructor(bytes: Buffer = EMPTY, offset = 0, end = bytes.length) {
    this.bytes = bytes;
    this.offset = offset;
    this.end = end;
  }

  reset(bytes: Buffer, offset = 0, end = bytes.length): this {
    this.bytes = bytes;
    this.offset = offset;
    this.end = end;
    return this;
  }

  get remaining(): number {
    return this.end - this.offset;
  }

  #take(count: number): number {
    const at = this.offset;
    if (at + count > this.end) {
      const missing = at + count - this.end;
      throw new JuteError(`the record ends ${missing} bytes too early`, missing);
    }
    this.offset = at + count;
    return at;
  }

  readByte(): number {
    return this.bytes[this.#take(1)]!;
  }

  readBoolean(): boolean {
    return this.bytes[this.#take(1)] !== 0;
  }

  readInt(): number {
    const at = this.#take(4);
    const b = this.bytes;
    return (b[at]! << 24) | (b[at + 1]! << 16) | (b[at + 2]! << 8) | b[at + 3]!;
  }

  /**
   * A 64-bit integer as a number: exact within +-2^53, which holds for every zxid of an epoch below 2^21
   * and every time. Ids that use all 64 bits are read with `readBigLong` or as two ints.
   */
  readLong(): number {
    const high = this.readInt();
    return high * TWO_32 + (this.readInt() >>> 0);
  }

  readBigLong(): bigint {
    return this.bytes.readBigInt64BE(this.#take(8));
  }

  /**
   * The length of a string or buffer: -1 for null. A length beyond the available bytes is short, so the
   * limits are those of the caller that gathers them: see `JuteLimits`. @throws JuteError when it is no
   * length
   */
  readLength(): number {
    const length = this.readInt();
    if (length < -1) throw new JuteError(`a field cannot have ${length} bytes`);
    return length;
  }

  readString(): string | null {
    const length = this.readLength();
    if (length < 0) return null;
    if (length > STRING_BYTES_MAX) throw new JuteError(`a string cannot have ${length} bytes`);
    const at = this.#take(length);
    return this.bytes.toString('utf8', at, at + length);
  }

  /** A view, not a copy: it keeps the chunk it was read from alive. */
  readBuffer(): Buffer | null {
    const length = this.readLength();
    if (length < 0) return null;
    const at = this.#take(length);
    return this.bytes.subarray(at, at + length);
  }

  /** Skips a string or buffer. False when it is null. */
  skipField(): boolean {
    const length = this.readLength();
    if (length > 0) this.#take(length);
    return length >= 0;
  }

  /**
   * Null and empty vectors differ on the wire and here. Each item takes at least one byte, which bounds the
   * count.
   */
  readVector<T>(readItem: (reader: JuteReader) => T): T[] | null {
    const count = this.readInt();
    if (count === -1) return null;
    if (count < 0 || count > this.remaining) {
      throw new JuteError(
        `a vector cannot have ${count} items in ${this.remaining} bytes`,
        Math.max(0, count - this.remaining),
      );
    }
    const items: T[] = [];
    for (let i = 0; i < count; i++) items.push(readItem(this));
    return items;
  }

  skip(count: number): void {
    this.#take(count);
  }
}

const EMPTY = Buffer.alloc(0);

/** Bytes of a string as UTF-8. For short ones a loop beats the call into native code. */
export function utf8Bytes(text: string): number {
  const chars = text.length;
  if (chars > SHORT_STRING_CHARS) return Buffer.byteLength(text, 'utf8');
  let seen = 0;
  for (let i = 0; i < chars; i++) seen |= text.charCodeAt(i);
  return seen > 0x7f ? Buffer.byteLength(text, 'utf8') : chars;
}

/** Below this many characters a loop beats the call into native code. */
const SHORT_STRING_CHARS = 48;

/**
 * Appends records to a buffer that grows; `bytes` is a view of what was written, valid until the next write.
 */
export class JuteWriter {
  buffer: Buffer;
  length = 0;

  constructor(capacity = 256) {
    this.buffer = Buffer.allocUnsafe(capacity);
  }

  reset(): this {
    this.length = 0;
    return this;
  }

  get bytes(): Buffer {
    return this.buffer.subarray(0, this.length);
  }

  /** A copy that later writes do not touch. */
  toBuffer(): Buffer {
    return Buffer.from(this.bytes);
  }

  /** Makes room for `count` bytes and returns where they start; they count as written. */
  reserve(count: number): number {
    const at = this.length;
    const needed = at + count;
    if (needed > this.buffer.length) {
      const grown = Buffer.allocUnsafe(Math.max(needed, this.buffer.length * 2));
      this.buffer.copy(grown, 0, 0, at);
      this.buffer = grown;
    }
    this.length = needed;
    return at;
  }

  writeByte(value: number): this {
    const at = this.reserve(1);
    this.buffer[at] = value;
    return this;
  }

  writeBoolean(value: boolean): this {
    return this.writeByte(value ? 1 : 0);
  }

  writeInt(value: number): this {
    this.patchInt(this.reserve(4), value);
    return this;
  }

  /** Overwrites four bytes already written: lengths are known only after what they measure. */
  patchInt(at: number, value: number): void {
    const b = this.buffer;
    b[at] = value >>> 24;
    b[at + 1] = value >>> 16;
    b[at + 2] = value >>> 8;
    b[at + 3] = value;
  }

  /** The range is that of `readLong`. @see JuteReader.readLong */
  writeLong(value: number): this {
    const high = Math.floor(value / TWO_32);
    const at = this.reserve(8);
    this.patchInt(at, high);
    this.patchInt(at + 4, value - high * TWO_32);
    return this;
  }

  writeBigLong(value: bigint): this {
    const at = this.reserve(8);
    this.buffer.writeBigInt64BE(BigInt.asIntN(64, value), at);
    return this;
  }

  writeString(value: string | null): this {
    if (value === null) return this.writeInt(-1);
    const chars = value.length;
    const lengthAt = this.reserve(4);
    if (chars <= SHORT_STRING_CHARS && this.#writeAscii(value, chars)) {
      this.patchInt(lengthAt, chars);
      return this;
    }
    const at = this.reserve(chars * 3);
    const written = this.buffer.write(value, at, chars * 3, 'utf8');
    this.length = at + written;
    this.patchInt(lengthAt, written);
    return this;
  }

  /** False, with nothing written, at the first character that is not ASCII. */
  #writeAscii(value: string, chars: number): boolean {
    const at = this.reserve(chars);
    const b = this.buffer;
    for (let i = 0; i < chars; i++) {
      const code = value.charCodeAt(i);
      if (code > 0x7f) {
        this.length = at;
        return false;
      }
      b[at + i] = code;
    }
    return true;
  }

  writeBuffer(value: Uint8Array | null): this {
    if (value === null) return this.writeInt(-1);
    this.writeInt(value.length);
    return this.writeRaw(value);
  }

  writeRaw(value: Uint8Array, start = 0, end = value.length): this {
    const at = this.reserve(end - start);
    copyBytes(value, start, end, this.buffer, at);
    return this;
  }

  writeVector<T>(items: readonly T[] | null, writeItem: (writer: JuteWriter, item: T) => void): this {
    if (items === null) return this.writeInt(-1);
    this.writeInt(items.length);
    for (const item of items) writeItem(this, item);
    return this;
  }
}
