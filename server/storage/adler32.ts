/**
 * Adler-32 (RFC 1950), the checksum of log entries and snapshots. node:zlib has crc32 only.
 * Start from `ADLER_START` and feed pieces in order.
 */
export const ADLER_START = 1;

const BASE = 65521;
/**
 * Every fourth byte goes to the same lane, so that four sums grow side by side. For this many bytes of 255,
 * what they come to stays below 2^31, so all sums stay small integers in V8.
 */
const CHUNK_BYTES = 3552;

export function adler32(bytes: Uint8Array, start = 0, end = bytes.length, seed = ADLER_START): number {
  let a = seed & 0xffff;
  let b = seed >>> 16;
  let i = start;
  while (i < end) {
    const chunkEnd = Math.min(i + CHUNK_BYTES, end);
    const lanesEnd = chunkEnd - ((chunkEnd - i) & 3);
    const count = lanesEnd - i;
    let a0 = 0;
    let a1 = 0;
    let a2 = 0;
    let a3 = 0;
    let b0 = 0;
    let b1 = 0;
    let b2 = 0;
    let b3 = 0;
    for (; i < lanesEnd; i += 4) {
      b0 += a0 += bytes[i]!;
      b1 += a1 += bytes[i + 1]!;
      b2 += a2 += bytes[i + 2]!;
      b3 += a3 += bytes[i + 3]!;
    }
    // A byte counts in the second sum as often as there are bytes from it to the end of the chunk.
    b += count * a + 4 * (b0 + b1 + b2 + b3) - a1 - 2 * a2 - 3 * a3;
    a += a0 + a1 + a2 + a3;
    while (i < chunkEnd) {
      a += bytes[i++]!;
      b += a;
    }
    a %= BASE;
    b %= BASE;
  }
  return ((b << 16) | a) >>> 0;
}
