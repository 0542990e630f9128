import { crc32 } from 'node:zlib';
import { assert, suite } from '#test';
import { anyCharacter, fc } from '#test/properties';
import { CRC_START, crcBytes, crcLong, crcOf, crcText, crcWord } from './crc32.ts';
import { contentCrcState, countsInDigest, digestCrcFrom, nodeDigestCrc, TreeDigest } from './digest.ts';

const test = suite('tree: digest');

const ZERO_STAT = {
  czxid: 0,
  mzxid: 0,
  ctime: 0,
  mtime: 0,
  version: 0,
  cversion: 0,
  aversion: 0,
  ephemeralOwner: 0n,
  pzxid: 0,
};

test('CRC-32 of the standard check string', () => {
  assert.is(crcOf(crcText(CRC_START, '123456789')) >>> 0, 0xcbf43926);
});

test('CRC-32 of bytes equals the native one at every length, start and split', () => {
  const bytes = Buffer.from(Array.from({ length: 1500 }, (_, i) => (i * 167 + 13) & 0xff));
  for (const length of [0, 1, 2, 3, 4, 5, 63, 64, 65, 511, 512, 513, 1400]) {
    for (const start of [0, 1, 3]) {
      const part = bytes.subarray(start, start + length);
      assert.is(crcOf(crcBytes(CRC_START, part)) >>> 0, crc32(part));
      const cut = length >> 1;
      const inTwo = crcBytes(crcBytes(CRC_START, part.subarray(0, cut)), part.subarray(cut));
      assert.is(crcOf(inTwo) >>> 0, crc32(part));
    }
  }
});

test('CRC-32 of text is that of its UTF-8 bytes', () => {
  fc.assert(
    fc.property(fc.string({ unit: anyCharacter, maxLength: 40 }), text => {
      assert.is(crcOf(crcText(CRC_START, text)) >>> 0, crc32(Buffer.from(text, 'utf8')));
    }),
  );
});

test('words and longs count as their big-endian bytes', () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), fc.integer(), (long, word) => {
      const bytes = Buffer.alloc(12);
      bytes.writeBigInt64BE(BigInt(long), 0);
      bytes.writeInt32BE(word, 8);
      assert.is(crcOf(crcWord(crcLong(CRC_START, long), word)) >>> 0, crc32(bytes));
    }),
  );
});

test('root and /zookeeper of an empty tree have the values of upstream', () => {
  assert.is(nodeDigestCrc('/', Buffer.alloc(0), ZERO_STAT), 0x4128908);
  assert.is(nodeDigestCrc('', Buffer.alloc(0), ZERO_STAT), 0x4128908);
  assert.is(nodeDigestCrc('/zookeeper', Buffer.alloc(0), ZERO_STAT), 0x4db44d58);
});

test('nodes below /zookeeper do not count; /zookeeper itself and nodes with a similar name do', () => {
  assert.is(nodeDigestCrc('/zookeeper/config', Buffer.from('x'), ZERO_STAT), 0);
  assert.is(countsInDigest('/zookeeper/quota/a'), false);
  assert.is(countsInDigest('/zookeeper'), true);
  assert.is(countsInDigest('/zookeepers/a'), true);
});

test('the digest covers path, data and every field of the stat, in their order', () => {
  fc.assert(
    fc.property(
      fc.record({
        czxid: fc.maxSafeInteger(),
        mzxid: fc.maxSafeInteger(),
        ctime: fc.maxSafeInteger(),
        mtime: fc.maxSafeInteger(),
        version: fc.integer(),
        cversion: fc.integer(),
        aversion: fc.integer(),
        ephemeralOwner: fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }),
        pzxid: fc.maxSafeInteger(),
      }),
      fc.uint8Array({ maxLength: 600 }),
      (stat, data) => {
        const fields = Buffer.alloc(60);
        const longs = [stat.czxid, stat.mzxid, stat.pzxid, stat.ctime, stat.mtime];
        for (const [i, long] of longs.entries()) fields.writeBigInt64BE(BigInt(long), i * 8);
        fields.writeInt32BE(stat.version, 40);
        fields.writeInt32BE(stat.cversion, 44);
        fields.writeInt32BE(stat.aversion, 48);
        fields.writeBigInt64BE(stat.ephemeralOwner, 52);
        const expected = crc32(Buffer.concat([Buffer.from('/some/path'), data, fields]));
        assert.is(nodeDigestCrc('/some/path', data, stat), expected);
        assert.is(digestCrcFrom(contentCrcState('/some/path', data), stat) >>> 0, expected);
      },
    ),
  );
});

test('the sum wraps at 2^64 and undoes what it did, carries and borrows included', () => {
  const uint32 = fc.integer({ min: 0, max: 0xffff_ffff });
  fc.assert(
    fc.property(
      fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
      fc.array(fc.tuple(fc.boolean(), fc.oneof(uint32, fc.integer()))),
      (start, steps) => {
        const digest = TreeDigest.fromBigInt(start);
        let expected = start;
        for (const [add, crc] of steps) {
          const value = BigInt(crc >>> 0);
          if (add) digest.add(crc);
          else digest.subtract(crc);
          expected = BigInt.asUintN(64, add ? expected + value : expected - value);
        }
        assert.is(digest.toBigInt(), expected);
        const bytes = Buffer.alloc(10);
        digest.writeTo(bytes, 1);
        assert.is(bytes.readBigUInt64BE(1), expected);
        assert.ok(new TreeDigest().copyFrom(digest).equals(TreeDigest.fromBigInt(expected)));
      },
    ),
  );
});
