import { assert, suite } from '#test';
import { fc } from '#test/properties';
import { JuteWriter } from '../../../server/wire/jute.ts';
import { PacketType, type QuorumPacket, writeQuorumPacket } from '../../../server/wire/quorum-packet.ts';
import { PacketScanner } from './packet-scanner.ts';

const test = suite('stand-in: packets');

function bytesOf(packet: Partial<QuorumPacket> & Pick<QuorumPacket, 'type'>): Buffer {
  const writer = new JuteWriter();
  writeQuorumPacket(writer, { zxid: 7, data: null, authinfo: null, ...packet });
  return writer.toBuffer();
}

const SIGNATURE = Buffer.concat([Buffer.from([0, 0, 0, 10]), Buffer.from('BenWasHere')]);
const PROPOSAL = bytesOf({ type: PacketType.PROPOSAL, data: Buffer.alloc(100, 'p') });
const COMMIT = bytesOf({ type: PacketType.COMMIT });
const REQUEST = bytesOf({
  type: PacketType.REQUEST,
  data: Buffer.alloc(30, 'r'),
  authinfo: [
    { scheme: 'world', id: 'anyone' },
    { scheme: 'ip', id: '' },
  ],
});

interface Seen {
  readonly types: readonly number[];
  readonly ended: number;
  readonly passed: Buffer;
}

/** What a scanner says of a stream that arrives in these chunks. */
function seenIn(chunks: readonly Buffer[], scanner = new PacketScanner()): Seen {
  const types: number[] = [];
  const passed: Buffer[] = [];
  let ended = 0;
  for (const chunk of chunks) {
    const { bytes, pieces } = scanner.scan(chunk);
    for (const { from, to, type, starts, ends } of pieces) {
      if (starts && type !== undefined) types.push(type);
      if (ends) ended += 1;
      passed.push(bytes.subarray(from, to));
    }
  }
  return { types, ended, passed: Buffer.concat([...passed, scanner.rest()]) };
}

test('packets are found wherever the stream is cut, and no byte is lost, added or moved', () => {
  const packet = fc.constantFrom(PROPOSAL, COMMIT, REQUEST);
  fc.assert(
    fc.property(
      fc.array(packet, { minLength: 1, maxLength: 12 }),
      fc.array(fc.nat(40), { minLength: 1 }),
      (packets, sizes) => {
        const stream = Buffer.concat(packets);
        const chunks: Buffer[] = [];
        for (let at = 0, turn = 0; at < stream.length; turn++) {
          const size = 1 + sizes[turn % sizes.length]!;
          chunks.push(stream.subarray(at, at + size));
          at += size;
        }
        const seen = seenIn(chunks, new PacketScanner('type'));
        assert.equal(
          seen.types,
          packets.map(each => each.readInt32BE(0)),
        );
        assert.is(seen.ended, packets.length);
        assert.ok(seen.passed.equals(stream));
      },
    ),
  );
});

test('a snapshot is passed over up to its signature, also when it is cut and when zeros stand in front', () => {
  const snapshot = Buffer.concat([
    Buffer.from('ZKSN'),
    Buffer.alloc(9),
    PROPOSAL,
    Buffer.from([0, 0]),
    SIGNATURE,
  ]);
  const stream = Buffer.concat([bytesOf({ type: PacketType.SNAP }), snapshot, COMMIT]);
  for (let cut = 1; cut < stream.length; cut++) {
    const seen = seenIn([stream.subarray(0, cut), stream.subarray(cut)], new PacketScanner('type'));
    assert.equal(seen.types, [PacketType.SNAP, PacketType.COMMIT], `cut at ${cut}`);
    assert.ok(seen.passed.equals(stream));
  }
});

test('a scanner that comes late recognises packets from the first chunk of whole ones on', () => {
  const late = [
    PROPOSAL.subarray(50),
    Buffer.concat([PROPOSAL, COMMIT]),
    COMMIT.subarray(0, 5),
    COMMIT.subarray(5),
  ];
  const seen = seenIn(late);
  assert.equal(seen.types, [PacketType.PROPOSAL, PacketType.COMMIT, PacketType.COMMIT]);
  assert.ok(seen.passed.equals(Buffer.concat(late)));
});

test('what is no packet passes, and packets are found again behind it', () => {
  const noise = Buffer.from('16030100ff0102030405', 'hex');
  const hugeLength = Buffer.concat([COMMIT.subarray(0, 12), Buffer.from('7fffffff', 'hex'), COMMIT]);
  for (const wrong of [noise, hugeLength]) {
    const seen = seenIn([COMMIT, wrong, COMMIT]);
    assert.is(seen.ended, 2);
    assert.ok(seen.passed.equals(Buffer.concat([COMMIT, wrong, COMMIT])));
  }
});

test('no more than three bytes are held back, however large a packet is', () => {
  const scanner = new PacketScanner('type');
  const large = bytesOf({ type: PacketType.PROPOSAL, data: Buffer.alloc(4 * 1024 * 1024) });
  let held = 0;
  let passed = 0;
  for (let at = 0; at < large.length; at += 1_000) {
    const chunk = large.subarray(at, at + 1_000);
    passed += scanner.scan(chunk).pieces.reduce((sum, { from, to }) => sum + to - from, 0);
    held = Math.max(held, at + chunk.length - passed);
  }
  assert.ok(held <= 3, `${held} bytes`);
});
