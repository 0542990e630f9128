import { assert, suite } from '#test';
import { Request } from '../../processors/request.ts';
import { parseTxnPacket } from '../../storage/parse-txn.ts';
import { DataKeeper } from '../../tree/data-keeper.ts';
import { DIGEST_VERSION, TreeDigest } from '../../tree/digest.ts';
import { OPEN_ACL_UNSAFE } from '../../wire/acl.ts';
import { FrameCutter } from '../../wire/frames.ts';
import { JuteReader, JuteWriter } from '../../wire/jute.ts';
import { OpCode } from '../../wire/opcodes.ts';
import { PacketType } from '../../wire/quorum-packet.ts';
import { readCreateRequest, writeCreateRequest } from '../../wire/requests.ts';
import { type TxnBody, type TxnHeader, writeTxnBody, writeTxnHeader } from '../../wire/txn.ts';
import { TXN_ROOM_BYTES } from '../../wire/txn-packet.ts';
import { ProposalWriter } from './proposal-writer.ts';

const test = suite('master: how a proposal is written');

const DIGEST = TreeDigest.fromBigInt(0x1234_5678_9abc_def0n);
const ZXID = 0x3_0000_0005;
const LENGTHS = [0, 1, 100, 4095, 4096, 17_000, 500_000];

/** Writes the record field after field. */
function plainly(header: TxnHeader, body: TxnBody, digest: TreeDigest | null): Buffer {
  const txn = new JuteWriter();
  writeTxnHeader(txn, header);
  writeTxnBody(txn, body);
  if (digest !== null) txn.writeInt(DIGEST_VERSION).writeBigLong(digest.toBigInt());
  const packet = new JuteWriter();
  packet.writeInt(PacketType.PROPOSAL).writeLong(header.zxid).writeBuffer(txn.bytes).writeInt(-1);
  return packet.toBuffer();
}

function dataOf(length: number): Buffer {
  return Buffer.from(Array.from({ length }, (_, i) => (i * 31) & 0xff));
}

/** The request of a create, as it comes from a client's socket in `pieces`. */
function requestOf(path: string, data: Buffer | null, pieces: number): Request {
  const frame = new JuteWriter().writeInt(0).writeInt(1).writeInt(OpCode.create);
  writeCreateRequest(frame, { path, data, acl: OPEN_ACL_UNSAFE, flags: 0 });
  frame.patchInt(0, frame.length - 4);
  const cutter = new FrameCutter(2 ** 20, { roomBytes: TXN_ROOM_BYTES });
  const pieceBytes = Math.ceil(frame.length / pieces);
  for (let at = 0; at < frame.length; at += pieceBytes)
    cutter.add(Buffer.from(frame.bytes.subarray(at, at + pieceBytes)));
  assert.ok(cutter.peek());
  const { bytes, start, end, isRoomy } = cutter;
  assert.is(isRoomy, pieces > 1 && frame.length >= 16 * 1024);
  return new Request({
    sessionHigh: 1,
    sessionLow: 2,
    cxid: 3,
    op: OpCode.create,
    bytes,
    start: start + 8,
    end,
    isRoomy,
    owner: {},
    origin: null,
    identities: () => [],
    arrivedMs: 0,
  });
}

function askedBy({ bytes, start, end }: Request): { path: string; data: Buffer | null } {
  return readCreateRequest(new JuteReader(bytes, start, end));
}

const headerOf = (type: number): TxnHeader => {
  return { clientHigh: 1, clientLow: 2, cxid: 3, zxid: ZXID, time: 1_700_000_000_000, type };
};

/**
 * The transactions that preparation may make of a create: with the same path, a sequential one, or another
 * list of ACLs.
 */
function bodiesOf(path: string, data: Buffer | null): TxnBody[] {
  const acl = [...OPEN_ACL_UNSAFE];
  const long = Array.from({ length: 50 }, (_, at) => ({
    perms: 1,
    id: { scheme: 'ip', id: `10.0.0.${at}` },
  }));
  const parentCVersion = 7;
  return [
    { type: OpCode.create, path, data, acl, ephemeral: false, parentCVersion },
    { type: OpCode.create2, path: `${path}0000000012`, data, acl, ephemeral: true, parentCVersion },
    { type: OpCode.create, path, data, acl: long, ephemeral: false, parentCVersion },
    { type: OpCode.createContainer, path, data, acl, parentCVersion },
    { type: OpCode.setData, path, data, version: 12 },
    { type: OpCode.multi, txns: [{ type: OpCode.setData, path, data, version: 12 }] },
  ];
}

for (const pieces of [1, 3]) {
  test(`a proposal has the bytes of its record, whatever the size of the data; the request in ${pieces} pieces`, () => {
    for (const digest of [DIGEST, null]) {
      const writer = new ProposalWriter(digest);
      for (const path of ['/a', '/grün/café']) {
        for (const wanted of [null, ...LENGTHS.map(dataOf)]) {
          for (let kind = 0; kind < bodiesOf(path, wanted).length; kind++) {
            const request = requestOf(path, wanted, pieces);
            const body = bodiesOf(path, askedBy(request).data)[kind]!;
            const header = headerOf(body.type);
            const bytes = writer.write(header, body, request);
            const told = `${wanted?.length} bytes, body ${kind} of ${path}`;
            assert.ok(bytes.equals(plainly(header, bodiesOf(path, wanted)[kind]!, digest)), told);
            if ('data' in body && wanted !== null) assert.ok(body.data?.equals(wanted), told);
            assert.is(writer.sizes.last, bytes.length - 20);
          }
        }
      }
    }
  });
}

test('a large value is not copied again: its proposal stands in the memory of the request, and the tree keeps it there', () => {
  for (const kind of [0, 1, 3, 4]) {
    const request = requestOf('/a', dataOf(500_000), 3);
    const body = bodiesOf('/a', askedBy(request).data)[kind]!;
    const bytes = new ProposalWriter(DIGEST).write(headerOf(body.type), body, request);
    assert.is(bytes.buffer, request.bytes.buffer);
    const applied = parseTxnPacket({ zxid: ZXID, bytes }).body;
    for (const { data } of [body, applied] as { data: Buffer }[]) {
      assert.is(new DataKeeper().keep(data), data);
      assert.is(data.buffer, bytes.buffer);
    }
  }
});

test('a large value that shares a chunk with others is copied once, and the proposal and the tree share the copy', () => {
  for (const data of [dataOf(4096), dataOf(60_000)]) {
    const request = requestOf('/a', data, 1);
    const before = Buffer.from(request.bytes);
    const body = bodiesOf('/a', askedBy(request).data)[0] as TxnBody & { data: Buffer };
    const bytes = new ProposalWriter(DIGEST).write(headerOf(body.type), body, request);
    assert.is(bytes.buffer.byteLength, bytes.length);
    assert.is(body.data.buffer, bytes.buffer);
    assert.is(new DataKeeper().keep(body.data), body.data);
    assert.ok(request.bytes.equals(before), 'the chunk has changed');
  }
});

test('without enough room around the data the proposal gets memory of its own, and the request stays as it was', () => {
  const request = requestOf('/a', dataOf(20_000), 3);
  const before = Buffer.from(request.bytes);
  const body = bodiesOf('/a', askedBy(request).data)[2]!;
  const bytes = new ProposalWriter(DIGEST).write(headerOf(body.type), body, request);
  assert.is.not(bytes.buffer, request.bytes.buffer);
  assert.ok(request.bytes.equals(before));
});
