/** DER that is not what was expected. The message does not repeat the bytes, because they may be a key. */
export class DerError extends Error {
  override readonly name = 'DerError';
}

export const Tag = {
  integer: 0x02,
  bits: 0x03,
  octets: 0x04,
  null: 0x05,
  oid: 0x06,
  enumerated: 0x0a,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
  /** Context tags: of whole values, and of the bytes of one. */
  explicit0: 0xa0,
  explicit1: 0xa1,
  explicit2: 0xa2,
  implicit0: 0x80,
} as const;

export interface DerValue {
  readonly tag: number;
  /** The value without its tag and length. */
  readonly body: Buffer;
  /** The whole value. */
  readonly bytes: Buffer;
}

/** Reads the values of one level of DER (X.690), one after the other. */
export class DerReader {
  readonly #bytes: Buffer;
  #offset = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get hasMore(): boolean {
    return this.#offset < this.#bytes.length;
  }

  /** The next value. @throws DerError when it has another tag */
  next(tag?: number): DerValue {
    const start = this.#offset;
    const found = this.#byte();
    if (tag !== undefined && found !== tag) throw new DerError(`tag ${hex(found)} is not ${hex(tag)}`);
    const length = this.#length();
    const bodyAt = this.#offset;
    const end = bodyAt + length;
    if (end > this.#bytes.length) throw new DerError('a value goes beyond the end');
    this.#offset = end;
    return { tag: found, body: this.#bytes.subarray(bodyAt, end), bytes: this.#bytes.subarray(start, end) };
  }

  /** A reader of the values inside the next value. */
  into(tag: number = Tag.sequence): DerReader {
    return new DerReader(this.next(tag).body);
  }

  /** An object identifier as text, such as "1.2.840.113549.1.7.1". */
  oid(): string {
    const [first = 0, ...rest] = this.next(Tag.oid).body;
    const parts = [Math.floor(first / 40), first % 40];
    let part = 0;
    for (const byte of rest) {
      part = part * 128 + (byte & 0x7f);
      if (byte < 0x80) {
        parts.push(part);
        part = 0;
      }
    }
    return parts.join('.');
  }

  /** An integer that is not negative and fits into 32 bits. */
  integer(): number {
    const { body } = this.next(Tag.integer);
    if (body.length === 0 || body.length > 5 || body[0]! >= 0x80)
      throw new DerError('an integer is too large');
    return body.readUIntBE(0, body.length);
  }

  #byte(): number {
    const byte = this.#bytes[this.#offset++];
    if (byte === undefined) throw new DerError('a value is missing at the end');
    return byte;
  }

  #length(): number {
    const first = this.#byte();
    if (first < 0x80) return first;
    const bytes = first & 0x7f;
    if (bytes === 0 || bytes > 4) throw new DerError('a length is not written as in DER');
    let length = 0;
    for (let i = 0; i < bytes; i++) length = length * 256 + this.#byte();
    return length;
  }
}

function hex(byte: number): string {
  return `0x${byte.toString(16)}`;
}
