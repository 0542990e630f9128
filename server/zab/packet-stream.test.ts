import { assert, suite } from '#test';
import { fc } from '#test/properties';
import type { Id } from '../wire/acl.ts';
import { JuteError, JuteReader, JuteWriter } from '../wire/jute.ts';
import { juteLimits } from '../wire/jute-limits.ts';
import { PacketType, type QuorumPacket, readQuorumPacket, writeQuorumPacket } from '../wire/quorum-packet.ts';
import { PacketReader, type PacketView } from './packet-stream.ts';

const test = suite('quorum: the stream of packets');

const PACKET_BYTES_MAX = juteLimits().packetBytesMax;

const IDS: Id[] = [
  { scheme: 'ip', id: '127.0.0.1' },
  { scheme: 'digest', id: 'user:smGaoVKd/cQkjm7b88GyorAUz20=' },
];
const PACKETS: readonly QuorumPacket[] = [
  { type: PacketType.PING, zxid: -1, data: null, authinfo: null },
  { type: PacketType.REQUEST, zxid: -1, data: Buffer.from('request'), authinfo: IDS },
  { type: PacketType.PROPOSAL, zxid: 0x1_0000_0001, data: Buffer.from('a transaction'), authinfo: null },
  { type: PacketType.COMMIT, zxid: 0x1f_ffff_0000_0001, data: Buffer.alloc(0), authinfo: [] },
  { type: PacketType.ACK, zxid: 0, data: null, authinfo: [{ scheme: '', id: '' }] },
];

function bytesOf(packets: readonly QuorumPacket[]): Buffer {
  const writer = new JuteWriter();
  for (const packet of packets) writeQuorumPacket(writer, packet);
  return writer.toBuffer();
}

/** Checks everything that the view says against the plain reader on the same bytes. */
function taken(view: PacketView): QuorumPacket {
  const whole = view.copy();
  const packet = readQuorumPacket(new JuteReader(whole));
  assert.equal(
    [view.type, view.zxid, view.hasData, view.data()],
    [packet.type, packet.zxid, packet.data !== null, packet.data ?? Buffer.alloc(0)],
  );
  assert.equal(view.authinfo(), packet.authinfo ?? []);
  return packet;
}

function cut(chunks: readonly Buffer[]): QuorumPacket[] {
  const got: QuorumPacket[] = [];
  const reader = new PacketReader(PACKET_BYTES_MAX, view => void got.push(taken(view)));
  for (const chunk of chunks) reader.feed(Buffer.from(chunk));
  return got;
}

const BYTES = bytesOf(PACKETS);

test('a packet that comes in chunks is joined once, and a kept copy of it shares no memory', () => {
  const data = Buffer.alloc(100_000, 'd');
  const small = Buffer.from('small');
  const bytes = bytesOf([
    { type: PacketType.PROPOSAL, zxid: 1, data, authinfo: null },
    { type: PacketType.PROPOSAL, zxid: 2, data: small, authinfo: null },
  ]);
  for (const chunks of [[bytes], [bytes.subarray(0, 60_000), bytes.subarray(60_000)]]) {
    const kept: Buffer[] = [];
    const isView: boolean[] = [];
    const reader = new PacketReader(PACKET_BYTES_MAX, view => {
      kept.push(view.copy());
      isView.push(kept.at(-1)!.buffer === view.bytes.buffer);
    });
    for (const chunk of chunks) reader.feed(chunk);
    assert.equal(isView, [chunks.length > 1, false]);
    kept[0]!.fill(0);
    assert.ok(kept[1]!.includes(small) && bytes.includes(data), 'changed by the other');
  }
});

test('a large transaction is joined without the bytes behind it, at every split, whatever follows', () => {
  const data = Buffer.alloc(20_000, 'd');
  const large = (type: number): QuorumPacket => ({ type, zxid: 7, data, authinfo: null });
  const packets = [large(PacketType.PROPOSAL), ...PACKETS, large(PacketType.INFORM), ...PACKETS];
  const bytes = bytesOf(packets);
  const wholeBytes = bytesOf([packets[0]!]).length;
  const CHUNK_BYTES = 5_000;
  for (let split = 1; split < CHUNK_BYTES; split += 13) {
    const got: QuorumPacket[] = [];
    const alone: boolean[] = [];
    const reader = new PacketReader(PACKET_BYTES_MAX, view => {
      got.push(taken(view));
      const own = view.copy();
      if (own.length === wholeBytes) alone.push(own.buffer.byteLength === wholeBytes);
    });
    reader.feed(Buffer.from(bytes.subarray(0, split)));
    for (let at = split; at < bytes.length; at += CHUNK_BYTES)
      reader.feed(Buffer.from(bytes.subarray(at, at + CHUNK_BYTES)));
    assert.equal(got, packets, `split at ${split}`);
    assert.equal(alone, [true, true], `split at ${split}`);
    assert.is(reader.bytesKept, 0);
  }
});

test('a large transaction with authinfo, which no server sends, comes out whole too', () => {
  const data = Buffer.alloc(20_000, 'd');
  const packets = [{ type: PacketType.PROPOSAL, zxid: 7, data, authinfo: IDS }, ...PACKETS];
  const bytes = bytesOf(packets);
  for (let split = 1; split < bytes.length; split += 7)
    assert.equal(cut([bytes.subarray(0, split), bytes.subarray(split)]), packets, `split at ${split}`);
});

test('002-1: packets without a length in front come out whole and in order, at every split point and pair of them', () => {
  assert.equal(cut([BYTES]), PACKETS);
  assert.equal(cut([...BYTES].map(byte => Buffer.from([byte]))), PACKETS);
  for (let i = 0; i <= BYTES.length; i++) {
    assert.equal(cut([BYTES.subarray(0, i), BYTES.subarray(i)]), PACKETS, `split at ${i}`);
    for (let j = i; j <= BYTES.length; j += 7) {
      const chunks = [BYTES.subarray(0, i), BYTES.subarray(i, j), BYTES.subarray(j)];
      assert.equal(cut(chunks), PACKETS, `split at ${i} and ${j}`);
    }
  }
});

const SNAPSHOT = Buffer.from('the bytes of a tree, which are no packets');
const SNAP: QuorumPacket = { type: PacketType.SNAP, zxid: 5, data: null, authinfo: null };

/**
 * Acts as a learner: suspends at SNAP, takes bytes until the tree is whole, gives back what follows it, and
 * resumes.
 */
function learn(chunks: readonly Buffer[], resumeAtOnce: boolean): { got: QuorumPacket[]; tree: string } {
  const got: QuorumPacket[] = [];
  let tree: Buffer | null = null;
  let resume = (): void => {};
  const reader = new PacketReader(PACKET_BYTES_MAX, view => {
    got.push(taken(view));
    if (view.type !== PacketType.SNAP) return;
    reader.suspend();
    tree = Buffer.alloc(0);
    takeTree(reader.takeRest());
  });
  const takeTree = (bytes: Buffer): void => {
    tree = Buffer.concat([tree!, bytes]);
    if (tree.length < SNAPSHOT.length) return;
    const behind = tree.subarray(SNAPSHOT.length);
    tree = tree.subarray(0, SNAPSHOT.length);
    reader.feed(behind);
    if (resumeAtOnce) reader.resume();
    else resume = () => reader.resume();
  };
  for (const chunk of chunks) {
    const treeMissing = tree !== null && (tree as Buffer).length < SNAPSHOT.length;
    if (treeMissing) takeTree(chunk);
    else reader.feed(chunk);
  }
  assert.is(reader.suspended, !resumeAtOnce);
  resume();
  assert.is(reader.suspended, false);
  return { got, tree: String(tree) };
}

for (const resumeAtOnce of [false, true]) {
  const when = resumeAtOnce ? 'at once' : 'when the restore is done, bytes arriving meanwhile';
  test(`ZOOKEEPER-3104: a snapshot between packets, at every split point; resumed ${when}`, () => {
    const before = PACKETS.slice(0, 2);
    const after = PACKETS.slice(2);
    const all = Buffer.concat([bytesOf([...before, SNAP]), SNAPSHOT, bytesOf(after)]);
    const wanted = { got: [...before, SNAP, ...after], tree: SNAPSHOT.toString() };
    for (let i = 0; i <= all.length; i++) {
      for (let j = i; j <= all.length; j += 5) {
        const chunks = [all.subarray(0, i), all.subarray(i, j), all.subarray(j)].filter(c => c.length > 0);
        assert.equal(learn(chunks, resumeAtOnce), wanted, `split at ${i} and ${j}`);
      }
    }
  });
}

test('bytes fed while suspended wait, and come out in order when resumed', () => {
  const got: number[] = [];
  const reader = new PacketReader(PACKET_BYTES_MAX, view => {
    got.push(view.zxid);
    if (view.zxid === 2) reader.suspend();
  });
  const ack = (zxid: number): QuorumPacket => ({ type: PacketType.ACK, zxid, data: null, authinfo: null });
  reader.feed(bytesOf([ack(1), ack(2), ack(3)]));
  reader.feed(bytesOf([ack(4)]));
  assert.equal(got, [1, 2]);
  reader.resume();
  assert.equal(got, [1, 2, 3, 4]);
});

test('a stream that holds no packets is refused as soon as its bytes show it, however it is cut', () => {
  const bad: readonly [bytes: string, message: RegExp][] = [
    ['00000000', /unknown quorum packet type 0/],
    ['00000014', /unknown quorum packet type 20/],
    ['474554202f', /unknown quorum packet type/],
    [`000000030000000000000001${'fffffffe'}`, /ACK|COMMIT|PROPOSAL/],
  ];
  for (const [hex, message] of bad) {
    const bytes = Buffer.concat([Buffer.from(hex, 'hex'), Buffer.alloc(20)]);
    for (let split = 0; split < bytes.length; split++) {
      assert.throws(
        () => cut([bytes.subarray(0, split), bytes.subarray(split)]),
        (error: Error) => error instanceof JuteError && message.test(error.message),
      );
    }
  }
});

test('data, ids and fields of an id above their limits are refused before their bytes come', () => {
  const head = (length: number): Buffer => {
    const bytes = Buffer.alloc(24);
    bytes.writeInt32BE(PacketType.REQUEST, 0);
    bytes.writeInt32BE(length, 12);
    return bytes;
  };
  const withIds = (count: number, field: number): Buffer => {
    const bytes = head(-1);
    bytes.writeInt32BE(count, 16);
    bytes.writeInt32BE(field, 20);
    return bytes;
  };
  const dataMax = PACKET_BYTES_MAX - 16;
  assert.throws(
    () => cut([head(dataMax + 1)]),
    /a REQUEST has 33554433 bytes or more; at most 33554432 are accepted/,
  );
  assert.throws(() => cut([head(0x7fff_ffff)]), /a REQUEST has 2147483663 bytes or more/);
  assert.throws(() => cut([head(-2)]), /a REQUEST cannot have -2 bytes/);
  assert.throws(() => cut([withIds(-2, 0)]), /authinfo of -2 ids/);
  assert.throws(() => cut([withIds(0x7fff_ffff, 0)]), /a REQUEST has \d+ bytes or more/);
  assert.throws(() => cut([withIds(1, -2)]), /authinfo field of -2 bytes/);
  assert.throws(() => cut([withIds(1, PACKET_BYTES_MAX)]), /a REQUEST has \d+ bytes or more/);
  assert.equal(cut([head(dataMax)]), [], 'the largest is waited for');
  assert.equal(cut([withIds(1024, 4096)]), []);
  const field = Buffer.concat([Buffer.from([0, 16, 0, 0]), Buffer.alloc(1024 * 1024)]);
  const ids = withIds(1024, 0).subarray(0, 20);
  assert.throws(
    () => cut([ids, ...Array.from({ length: 40 }, () => field)]),
    /a REQUEST has \d+ bytes or more; at most 33554432 are accepted here \(jute.maxbuffer\)/,
  );
});

test('more than 1,024 identities of a client do not end the connection: only the first of them count', () => {
  const authinfo = Array.from({ length: 3000 }, (_, at) => ({ scheme: 'digest', id: `user${at}` }));
  const bytes = bytesOf([{ type: PacketType.REQUEST, zxid: -1, data: null, authinfo }, PACKETS[0]!]);
  const seen: [number, number][] = [];
  const reader = new PacketReader(PACKET_BYTES_MAX, view => seen.push([view.type, view.authinfo().length]));
  for (let at = 0; at < bytes.length; at += 100) reader.feed(bytes.subarray(at, at + 100));
  assert.equal(seen, [
    [PacketType.REQUEST, 1024],
    [PacketType.PING, 0],
  ]);
});

test('ids that come in small chunks are walked once, not from the first one at each chunk', () => {
  const authinfo = Array.from({ length: 20_000 }, () => ({ scheme: '', id: '' }));
  const bytes = bytesOf([{ type: PacketType.REQUEST, zxid: -1, data: null, authinfo }]);
  let got = 0;
  const reader = new PacketReader(PACKET_BYTES_MAX, () => got++);
  const { readInt32BE } = Buffer.prototype;
  let reads = 0;
  Buffer.prototype.readInt32BE = function (offset?: number) {
    reads++;
    return readInt32BE.call(this, offset);
  };
  try {
    for (let at = 0; at < bytes.length; at += 64) reader.feed(bytes.subarray(at, at + 64));
  } finally {
    Buffer.prototype.readInt32BE = readInt32BE;
  }
  assert.is(got, 1);
  assert.ok(reads < 10 * 20_000, `${reads} lengths were read for 40,000 fields`);
});

test('random bytes: packets or a JuteError, nothing else', () => {
  const byte = fc.oneof(fc.constantFrom(0, 0, 0, 0, 1, 2, 3, 255), fc.nat(255));
  fc.assert(
    fc.property(fc.array(byte, { maxLength: 120 }), fc.nat(120), (bytes, split) => {
      try {
        cut([Buffer.from(bytes.slice(0, split)), Buffer.from(bytes.slice(split))]);
      } catch (error) {
        assert.instance(error, JuteError, String(error));
      }
    }),
    { numRuns: 1000 },
  );
});

test('a large packet in many small chunks is examined when it can be whole, not at each chunk', () => {
  const data = Buffer.alloc(4 * 1024 * 1024, 7);
  const bytes = bytesOf([{ type: PacketType.PROPOSAL, zxid: 1, data, authinfo: null }]);
  let got = 0;
  const reader = new PacketReader(PACKET_BYTES_MAX, view => {
    got += view.dataLength;
  });
  const concat = Buffer.concat;
  let joinedBytes = 0;
  Buffer.concat = (list, total) => {
    const joined = concat(list, total);
    joinedBytes += joined.length;
    return joined;
  };
  try {
    for (let at = 0; at < bytes.length; at += 1024) reader.feed(bytes.subarray(at, at + 1024));
  } finally {
    Buffer.concat = concat;
  }
  assert.is(got, data.length);
  assert.ok(
    joinedBytes < 2 * bytes.length,
    `${joinedBytes} bytes were copied for a packet of ${bytes.length}`,
  );
});

test('B5: a packet that comes byte by byte is joined as it comes, so it does not cost a hundred times its bytes', () => {
  const data = Buffer.alloc(50_000, 'd');
  const bytes = bytesOf([{ type: PacketType.REQUEST, zxid: -1, data, authinfo: null }]);
  const got: Buffer[] = [];
  const reader = new PacketReader(PACKET_BYTES_MAX, view => void got.push(Buffer.from(view.data())));
  const chunks = Array.from(bytes, byte => Buffer.from([byte]));
  for (const [at, chunk] of chunks.entries()) {
    reader.feed(chunk);
    // Overwrites chunks that must have been copied by now.
    if (at >= 1_000) chunks[at - 1_000]!.fill('-');
  }
  assert.equal(got, [data]);
});
