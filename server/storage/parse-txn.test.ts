import { assert, suite } from '#test';
import { fc } from '#test/properties';
import { JuteWriter } from '../wire/jute.ts';
import { OpCode } from '../wire/opcodes.ts';
import { type TxnBody, writeTxnBody, writeTxnHeader } from '../wire/txn.ts';
import { txnPacket } from '../wire/txn-packet.ts';
import { parseTxnPacket } from './parse-txn.ts';

const test = suite('storage: transactions with what is optional in them');

const ZXID = 0x1_0000_0001;
const OLD_CREATE_BYTES_LESS = 4;

interface Digest {
  readonly version: number;
  readonly treeDigest: bigint;
}

/** A transaction as any server may have written it. */
function packetOf(body: TxnBody, digest: Digest | null, trailer = Buffer.alloc(0), cutBytes = 0) {
  const writer = new JuteWriter();
  const header = { clientHigh: 0, clientLow: 5, cxid: 1, zxid: ZXID, time: 1, type: body.type };
  writeTxnHeader(writer, header);
  writeTxnBody(writer, body);
  writer.length -= cutBytes;
  if (digest !== null) writer.writeInt(digest.version).writeBigLong(digest.treeDigest);
  writer.writeRaw(trailer);
  return txnPacket(ZXID, writer.bytes);
}

/** The body, and the digest found by parsing. */
function read(packet: ReturnType<typeof packetOf>): { body: TxnBody; digest: Digest | null } {
  const { body, digestAt } = parseTxnPacket(packet);
  if (digestAt < 0) return { body, digest: null };
  const { bytes } = packet;
  return {
    body,
    digest: { version: bytes.readInt32BE(digestAt), treeDigest: bytes.readBigInt64BE(digestAt + 4) },
  };
}

const path = fc.string({ unit: 'grapheme', maxLength: 9 }).map(name => `/${name}`);
/** Lengths and slashes in the places where a list of paths would have them. */
const treeDigest = fc.oneof(
  fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }),
  fc.constantFrom(0n, 0x0000_0001_2f00_0000n, 0x0000_0004_2f61_6263n, 0x0000_0000_0000_0001n, -1n),
);
const digest: fc.Arbitrary<Digest | null> = fc.option(
  treeDigest.map(value => ({ version: 2, treeDigest: value })),
);
const closeSession: fc.Arbitrary<TxnBody> = fc.oneof(
  fc.constant<TxnBody>({ type: OpCode.closeSession, paths: null, withoutBody: true }),
  fc.option(fc.array(path, { maxLength: 4 })).map<TxnBody>(paths => ({ type: OpCode.closeSession, paths })),
);

test('field report A1: a closeSession with a list of paths, without a list, without a body; each with a digest and without', () => {
  fc.assert(
    fc.property(closeSession, digest, (body, wanted) => {
      assert.equal(read(packetOf(body, wanted)), { body, digest: wanted });
    }),
    { numRuns: 1000 },
  );
});

test('a closeSession of twelve bytes: one path of three letters, or a digest', () => {
  const list: TxnBody = { type: OpCode.closeSession, paths: ['/abc'] };
  const none: TxnBody = { type: OpCode.closeSession, paths: null, withoutBody: true };
  const asList = packetOf(list, null);
  const asDigest = packetOf(none, { version: 2, treeDigest: 0x0000_0004_2f61_6263n });
  assert.is(asList.bytes.length, asDigest.bytes.length);
  assert.equal(read(asList), { body: list, digest: null });
  assert.equal(read(asDigest).body, none);
});

test('data after the digest is skipped, whatever a later version writes there', () => {
  const bodies: TxnBody[] = [
    { type: OpCode.closeSession, paths: null, withoutBody: true },
    { type: OpCode.closeSession, paths: ['/a', '/b'] },
    { type: OpCode.delete, path: '/a' },
    { type: OpCode.error, err: -101 },
  ];
  const wanted = { version: 2, treeDigest: 0x1_2345_6789n };
  for (const body of bodies) {
    for (const bytes of [1, 4, 8, 20])
      assert.equal(read(packetOf(body, wanted, Buffer.alloc(bytes, 7))), { body, digest: wanted });
  }
});

test('a create from before 3.4 has no parentCVersion, and no digest', () => {
  const body: TxnBody = {
    type: OpCode.create,
    path: '/a',
    data: Buffer.from('x'),
    acl: [],
    ephemeral: false,
    parentCVersion: 5,
  };
  const old = read(packetOf(body, null, undefined, OLD_CREATE_BYTES_LESS));
  assert.equal(old, { body: { ...body, parentCVersion: -1 }, digest: null });
});
