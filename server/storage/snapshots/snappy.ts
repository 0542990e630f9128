/**
 * The Snappy format of snapshots with `snapshot.compression.method=snappy`, as snappy-java's output stream
 * writes it: a header {8 bytes of magic, int version, int oldest version that can read it}, then blocks, each
 * {int compressed bytes, block}.
 */
const MAGIC = Buffer.from('82534e4150505900', 'hex');
const HEADER_BYTES = 16;
const VERSION_READ = 1;
/** snappy-java makes blocks of 32 KiB; larger ones than this come from damage. */
const BLOCK_BYTES_MAX = 64 * 1024 * 1024;
/** Shift of the next seven bits of the length after five of its bytes: it would exceed 32 bits. */
const LENGTH_SHIFT_END = 35;

/** @throws Error when the bytes are not such a stream */
export function unsnappy(stream: Buffer): Buffer {
  if (stream.length < HEADER_BYTES || !stream.subarray(0, MAGIC.length).equals(MAGIC)) {
    throw new Error('it does not start as a stream of snappy-java');
  }
  const needed = stream.readInt32BE(12);
  if (needed > VERSION_READ) throw new Error(`snappy stream of version ${needed}, ${VERSION_READ} accepted`);
  const blocks: Buffer[] = [];
  for (let at = HEADER_BYTES; at < stream.length; ) {
    const start = at + 4;
    const end = start <= stream.length ? start + stream.readInt32BE(at) : Number.NaN;
    if (!(end > start && end <= stream.length)) throw new Error(`snappy block at ${at} is cut off`);
    blocks.push(unsnappyBlock(stream.subarray(start, end)));
    at = end;
  }
  return Buffer.concat(blocks);
}

/** A block is a length as a varint, then literals and copies of earlier output. */
function unsnappyBlock(block: Buffer): Buffer {
  const { length, after } = blockLength(block);
  const out = Buffer.allocUnsafe(length);
  let at = after;
  let written = 0;
  while (at < block.length) {
    const tag = block[at++]!;
    const kind = tag & 3;
    if (kind === LITERAL) {
      const extra = Math.max(0, (tag >> 2) - 59);
      const count = 1 + (extra === 0 ? tag >> 2 : little(block, at, extra));
      at += extra;
      if (at + count > block.length || written + count > length) throw damaged();
      written += block.copy(out, written, at, at + count);
      at += count;
      continue;
    }
    const near = kind === COPY_NEAR;
    const offsetBytes = near ? 1 : kind === COPY_16_BITS ? 2 : 4;
    const count = near ? 4 + ((tag >> 2) & 7) : 1 + (tag >> 2);
    const offset = little(block, at, offsetBytes) + (near ? (tag >> 5) * 256 : 0);
    at += offsetBytes;
    if (offset === 0 || offset > written || written + count > length) throw damaged();
    // The loop copies byte by byte because a copy may overlap what it writes.
    for (let i = 0; i < count; i++, written++) out[written] = out[written - offset]!;
  }
  if (written !== length) throw damaged();
  return out;
}

const LITERAL = 0;
const COPY_NEAR = 1;
const COPY_16_BITS = 2;

function blockLength(block: Buffer): { length: number; after: number } {
  let length = 0;
  for (let shift = 0, at = 0; at < block.length && shift < LENGTH_SHIFT_END; shift += 7) {
    const byte = block[at++]!;
    length += (byte & 0x7f) * 2 ** shift;
    if (byte >= 0x80) continue;
    if (length > BLOCK_BYTES_MAX)
      throw new Error(`snappy block of ${length} bytes, ${BLOCK_BYTES_MAX} accepted`);
    return { length, after: at };
  }
  throw damaged();
}

function little(block: Buffer, at: number, bytes: number): number {
  if (at + bytes > block.length) throw damaged();
  return block.readUIntLE(at, bytes);
}

function damaged(): Error {
  return new Error('a snappy block is damaged');
}
