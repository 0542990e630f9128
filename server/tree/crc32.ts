import { crc32 as nativeCrc32 } from 'node:zlib';

/**
 * CRC-32 (IEEE 802.3) in steps, for the tree digest. Every write computes it twice, over a path, a little
 * data and 60 bytes of stat, which is too short for a call into native code to be worth its cost.
 *
 * A state is the register of the algorithm as a signed int, so that V8 keeps it unboxed. Start with
 * `CRC_START`, end with `crcOf`.
 */
export const CRC_START = -1;

/** Tables 1 to 3 carry a byte one to three bytes further: four bytes are folded in per step. */
const [T0, T1, T2, T3] = makeTables();

/** From this many bytes on, native code is faster, including the cost of the call. */
const NATIVE_BYTES_MIN = 512;

/** The CRC that a state stands for, as a signed int: `>>> 0` gives the usual one. */
export function crcOf(state: number): number {
  return ~state;
}

/** The four bytes of `word`, most significant first. */
export function crcWord(state: number, word: number): number {
  return (
    T3[(state ^ (word >>> 24)) & 0xff]! ^
    T2[((state >>> 8) ^ (word >>> 16)) & 0xff]! ^
    T1[((state >>> 16) ^ (word >>> 8)) & 0xff]! ^
    T0[((state >>> 24) ^ word) & 0xff]!
  );
}

const TWO_32 = 0x1_0000_0000;

/** Eight bytes, most significant first, of an integer within +-2^53. */
export function crcLong(state: number, value: number): number {
  const high = Math.floor(value / TWO_32);
  return crcWord(crcWord(state, high | 0), (value - high * TWO_32) | 0);
}

export function crcBytes(state: number, bytes: Uint8Array): number {
  const length = bytes.length;
  if (length >= NATIVE_BYTES_MIN) return ~nativeCrc32(bytes, ~state >>> 0);
  let crc = state;
  let i = 0;
  for (const lastWord = length - 3; i < lastWord; i += 4) {
    crc =
      T3[(crc ^ bytes[i]!) & 0xff]! ^
      T2[((crc >>> 8) ^ bytes[i + 1]!) & 0xff]! ^
      T1[((crc >>> 16) ^ bytes[i + 2]!) & 0xff]! ^
      T0[((crc >>> 24) ^ bytes[i + 3]!) & 0xff]!;
  }
  for (; i < length; i++) crc = T0[(crc ^ bytes[i]!) & 0xff]! ^ (crc >>> 8);
  return crc;
}

/** The UTF-8 bytes of `text`, which is nearly always ASCII: that needs no encoding. */
export function crcText(state: number, text: string): number {
  const length = text.length;
  let crc = state;
  let i = 0;
  let seen = 0;
  for (const lastWord = length - 3; i < lastWord; i += 4) {
    const a = text.charCodeAt(i);
    const b = text.charCodeAt(i + 1);
    const c = text.charCodeAt(i + 2);
    const d = text.charCodeAt(i + 3);
    seen |= a | b | c | d;
    crc = crcWord(crc, (a << 24) | (b << 16) | (c << 8) | d);
  }
  for (; i < length; i++) {
    const a = text.charCodeAt(i);
    seen |= a;
    crc = T0[(crc ^ a) & 0xff]! ^ (crc >>> 8);
  }
  return seen > 0x7f ? crcBytes(state, Buffer.from(text, 'utf8')) : crc;
}

function makeTables(): readonly [Int32Array, Int32Array, Int32Array, Int32Array] {
  const t0 = new Int32Array(256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
    t0[byte] = crc;
  }
  const next = (table: Int32Array) => table.map(crc => (crc >>> 8) ^ t0[crc & 0xff]!);
  const t1 = next(t0);
  const t2 = next(t1);
  return [t0, t1, t2, next(t2)];
}
