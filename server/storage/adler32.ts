/**
 * Adler-32 (RFC 1950), the checksum of log entries and snapshots. node:zlib has crc32 only.
 * Start from `ADLER_START` and feed pieces in order.
 */
export const ADLER_START = 1;

const BASE = 65521;
/** For this many bytes of 255 the second sum stays below 2^31, so both sums stay small integers in V8. */
const CHUNK_BYTES = 3552;

export function adler32(bytes: Uint8Array, start = 0, end = bytes.length, seed = ADLER_START): number {
  let a = seed & 0xffff;
  let b = seed >>> 16;
  let i = start;
  while (i < end) {
    const chunkEnd = Math.min(i + CHUNK_BYTES, end);
    const unrolledEnd = chunkEnd - 7;
    while (i < unrolledEnd) {
      a += bytes[i]!;
      b += a;
      a += bytes[i + 1]!;
      b += a;
      a += bytes[i + 2]!;
      b += a;
      a += bytes[i + 3]!;
      b += a;
      a += bytes[i + 4]!;
      b += a;
      a += bytes[i + 5]!;
      b += a;
      a += bytes[i + 6]!;
      b += a;
      a += bytes[i + 7]!;
      b += a;
      i += 8;
    }
    while (i < chunkEnd) {
      a += bytes[i++]!;
      b += a;
    }
    a %= BASE;
    b %= BASE;
  }
  return ((b << 16) | a) >>> 0;
}
