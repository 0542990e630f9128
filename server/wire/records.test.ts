import { assert, suite } from '#test';
import { fc } from '#test/properties';
import { readAcl, readId, writeAcl, writeId } from './acl.ts';
import {
  readConnectRequest,
  readConnectResponse,
  writeConnectRequest,
  writeConnectResponse,
} from './connect.ts';
import { JuteError, JuteReader, type JuteWriter } from './jute.ts';
import { readMulti, writeMultiEnd, writeMultiHeader } from './multi.ts';
import { OpCode } from './opcodes.ts';
import { PacketType, readQuorumPacket, writeQuorumPacket } from './quorum-packet.ts';
import * as kit from './records.test-kit.ts';
import { written } from './records.test-kit.ts';
import * as requests from './requests.ts';
import { readStat, readStatPersisted, writeStat, writeStatPersisted } from './stat.ts';
import { readTxnBody, readTxnHeader, TXN_HEADER_BYTES, writeTxnBody, writeTxnHeader } from './txn.ts';
import { TXN_START, txnEnd, txnOf, txnPacket } from './txn-packet.ts';
import { readWatcherEvent, writeWatcherEvent } from './watch-event.ts';

const test = suite('wire: records');

const { acl, bigLong, data, record, text } = kit;
const int = fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff });
const long = fc.maxSafeInteger();
const paths = fc.array(text, { maxLength: 3 });
const readOnly = fc.option(fc.boolean(), { nil: undefined });
const zookeeperId = { sessionId: bigLong, timeoutMs: int, protocolVersion: int };

interface Case {
  readonly name: string;
  readonly arbitrary: fc.Arbitrary<unknown>;
  readonly read: kit.Read;
  readonly write: (writer: JuteWriter, record: never) => void;
  /** The end of the record may be missing: a cut there is no error. */
  readonly optionalTail?: true;
}

const CASES: readonly Case[] = [
  {
    name: 'ConnectRequest',
    arbitrary: record({ ...zookeeperId, lastZxidSeen: long, password: data, readOnly }),
    read: readConnectRequest,
    write: writeConnectRequest,
    optionalTail: true,
  },
  {
    name: 'ConnectResponse',
    arbitrary: record({ ...zookeeperId, password: data.map(b => b ?? Buffer.alloc(0)), readOnly }),
    read: readConnectResponse,
    write: writeConnectResponse,
    optionalTail: true,
  },
  {
    name: 'CreateRequest',
    arbitrary: record({ path: text, data, acl: fc.option(acl), flags: int }),
    read: requests.readCreateRequest,
    write: requests.writeCreateRequest,
  },
  {
    name: 'path and version',
    arbitrary: record({ path: text, version: int }),
    read: requests.readPathVersionRequest,
    write: requests.writePathVersionRequest,
  },
  {
    name: 'path and watch',
    arbitrary: record({ path: text, watch: fc.boolean() }),
    read: requests.readPathWatchRequest,
    write: requests.writePathWatchRequest,
  },
  {
    name: 'SetDataRequest',
    arbitrary: record({ path: text, data, version: int }),
    read: requests.readSetDataRequest,
    write: requests.writeSetDataRequest,
  },
  {
    name: 'SetACLRequest',
    arbitrary: record({ path: text, acl: fc.option(acl), version: int }),
    read: requests.readSetAclRequest,
    write: requests.writeSetAclRequest,
  },
  {
    name: 'AuthPacket',
    arbitrary: record({ type: int, scheme: text, auth: data }),
    read: requests.readAuthRequest,
    write: requests.writeAuthRequest,
  },
  {
    name: 'SetWatches2',
    arbitrary: record({
      relativeZxid: long,
      dataWatches: paths,
      existWatches: paths,
      childWatches: paths,
      persistentWatches: paths,
      persistentRecursiveWatches: paths,
    }),
    read: r => kit.readSetWatchesRequest(r, true),
    write: (w, value) => requests.writeSetWatchesRequest(w, value, true),
  },
  { name: 'Id', arbitrary: kit.id, read: readId, write: writeId },
  { name: 'ACL', arbitrary: record({ perms: int, id: kit.id }), read: readAcl, write: writeAcl },
  { name: 'Stat', arbitrary: kit.stat, read: readStat, write: writeStat },
  {
    name: 'StatPersisted',
    arbitrary: kit.statPersisted,
    read: readStatPersisted,
    write: writeStatPersisted,
  },
  {
    name: 'WatcherEvent',
    arbitrary: record({ type: int, state: int, path: text }),
    read: readWatcherEvent,
    write: writeWatcherEvent,
  },
  { name: 'TxnHeader', arbitrary: kit.txnHeader, read: readTxnHeader, write: writeTxnHeader },
  {
    name: 'QuorumPacket',
    arbitrary: record({
      type: fc.constantFrom(...Object.values(PacketType)),
      zxid: long,
      data,
      authinfo: fc.option(fc.array(kit.id, { maxLength: 3 })),
    }),
    read: readQuorumPacket,
    write: writeQuorumPacket,
  },
];

function readsOrJuteError(read: kit.Read, bytes: Buffer): boolean {
  try {
    read(new JuteReader(bytes));
    return true;
  } catch (error) {
    assert.instance(error, JuteError, String(error));
    return false;
  }
}

for (const { name, arbitrary, read, write, optionalTail } of CASES) {
  test(`${name}: what is written is read, all of it; cut anywhere it is a JuteError`, () => {
    fc.assert(
      fc.property(arbitrary, value => {
        const bytes = written(w => write(w, value as never));
        const reader = new JuteReader(bytes);
        assert.equal(read(reader), value);
        assert.is(reader.remaining, 0);
        for (let cut = 0; cut < bytes.length; cut++) {
          const whole = readsOrJuteError(read, bytes.subarray(0, cut));
          assert.ok(!whole || optionalTail === true, `a ${name} cut at ${cut} of ${bytes.length} was read`);
        }
      }),
      { numRuns: 60 },
    );
  });
}

test('a transaction that is written reads back, whatever its type', () => {
  fc.assert(
    fc.property(kit.txnHeader, kit.txnBody, (header, body) => {
      const bytes = written(w => {
        writeTxnHeader(w, { ...header, type: body.type });
        writeTxnBody(w, body);
      });
      const reader = new JuteReader(bytes);
      assert.equal(readTxnHeader(reader), { ...header, type: body.type });
      assert.is(reader.offset, TXN_HEADER_BYTES);
      assert.equal(readTxnBody(reader, body.type), body);
      assert.is(reader.remaining, 0);
    }),
    { numRuns: 300 },
  );
});

test('bodies of old logs: a create without parentCVersion (-1, one more), a closeSession without its paths', () => {
  const acls = [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }];
  const create = {
    type: OpCode.create,
    path: '/a',
    data: null,
    acl: acls,
    ephemeral: true,
    parentCVersion: 7,
  };
  const bytes = written(w => writeTxnBody(w, create));
  const old = new JuteReader(bytes.subarray(0, bytes.length - 4));
  assert.equal(readTxnBody(old, OpCode.create), { ...create, parentCVersion: -1 });
  const close = readTxnBody(new JuteReader(Buffer.alloc(0)), OpCode.closeSession);
  assert.equal(close, { type: OpCode.closeSession, paths: null, withoutBody: true });
});

test('ZOOKEEPER-4607: a part of type error is a code only when its body is four bytes; Java may log the operation itself', () => {
  const original = written(w => requests.writePathVersionRequest(w, { path: '/a', version: 3 }));
  const bytes = written(w =>
    w
      .writeInt(3)
      .writeInt(OpCode.error)
      .writeBuffer(written(b => b.writeInt(-103)))
      .writeInt(OpCode.error)
      .writeBuffer(original)
      .writeInt(OpCode.error)
      .writeBuffer(null),
  );
  const { txns } = readTxnBody(new JuteReader(bytes), OpCode.multi) as { txns: unknown };
  assert.equal(txns, [
    { type: OpCode.error, err: -103 },
    { type: OpCode.error, err: 0 },
    { type: OpCode.error, err: 0 },
  ]);
});

test('a multi inside a multi is refused: no depth of nesting overflows the stack', () => {
  let nested = written(w => writeTxnBody(w, { type: OpCode.multi, txns: [] }));
  for (let depth = 0; depth < 3; depth++) {
    const inner = nested;
    nested = written(w => w.writeInt(1).writeInt(OpCode.multi).writeBuffer(inner));
  }
  assert.throws(() => readTxnBody(new JuteReader(nested), OpCode.multi), /multi inside a multi/);
});

test('a type that no server writes is refused by name', () => {
  for (const type of [0, OpCode.getData, OpCode.sync, 99, -2]) {
    assert.throws(
      () => readTxnBody(new JuteReader(Buffer.alloc(64)), type),
      `unknown transaction type ${type}`,
    );
  }
});

test('a packet of an unknown type, or with more ids than its bytes can hold, is refused', () => {
  const packet = (type: number, ids: number) =>
    written(w => w.writeInt(type).writeLong(1).writeBuffer(null).writeInt(ids).writeRaw(Buffer.alloc(64)));
  assert.throws(() => readQuorumPacket(new JuteReader(packet(0, 0))), /unknown quorum packet type 0/);
  assert.throws(() => readQuorumPacket(new JuteReader(packet(20, 0))), /unknown quorum packet type 20/);
  assert.throws(
    () => readQuorumPacket(new JuteReader(packet(1, 1025))),
    /a vector cannot have 1025 items in 64 bytes/,
  );
});

test('a transaction in its packet: the same bytes for log, PROPOSAL and INFORM', () => {
  const zxid = 0x1_0000_0002;
  const txn = Buffer.from('0102030405', 'hex');
  const packet = txnPacket(zxid, txn);
  assert.is(packet.bytes.toString('hex'), '00000002000000010000000200000005' + '0102030405' + 'ffffffff');
  assert.equal(txnOf(packet), txn);
  assert.equal([TXN_START, txnEnd(packet)], [16, 21]);
  const read = readQuorumPacket(new JuteReader(packet.bytes));
  assert.equal(read, { type: PacketType.PROPOSAL, zxid, data: txn, authinfo: null });
});

/** Every reader of bytes from outside. */
const READERS: readonly kit.Read[] = [
  ...CASES.map(({ read }) => read),
  ...[...Object.values(OpCode), 99].map(type => (r: JuteReader) => readTxnBody(r, type)),
  r => kit.readSetWatchesRequest(r, false),
  r => readMulti(r, () => void requests.readCreateRequest(r)),
  r => readMulti(r, () => {}),
];

test('random bytes: every reader reads them or throws a JuteError, nothing else', () => {
  // Small numbers are likely lengths, counts and types, so that records go deep before they break.
  const byte = fc.oneof(fc.constantFrom(0, 0, 0, 1, 2, 4, 14, 255), fc.nat(255));
  fc.assert(
    fc.property(fc.array(byte, { maxLength: 80 }), bytes => {
      for (const read of READERS) readsOrJuteError(read, Buffer.from(bytes));
    }),
    { numRuns: 500 },
  );
});

test('true records with one byte changed: every reader reads them or throws a JuteError', () => {
  fc.assert(
    fc.property(kit.txnBody, fc.nat(), fc.nat(255), (body, at, value) => {
      const bytes = written(w => writeTxnBody(w, body));
      if (bytes.length > 0) bytes[at % bytes.length] = value;
      readsOrJuteError(r => readTxnBody(r, body.type), bytes);
    }),
    { numRuns: 400 },
  );
});

test('the parts of a multi are read up to the end mark, and no further', () => {
  const bytes = written(w => {
    writeMultiHeader(w, OpCode.check, false, -1);
    requests.writePathVersionRequest(w, { path: '/a', version: 1 });
    writeMultiHeader(w, OpCode.delete, false, -1);
    requests.writePathVersionRequest(w, { path: '/b', version: 2 });
    writeMultiEnd(w);
    w.writeInt(77);
  });
  const parts: unknown[] = [];
  const reader = new JuteReader(bytes);
  readMulti(reader, (type, r) => parts.push([type, requests.readPathVersionRequest(r)]));
  assert.equal(parts, [
    [OpCode.check, { path: '/a', version: 1 }],
    [OpCode.delete, { path: '/b', version: 2 }],
  ]);
  assert.is(reader.readInt(), 77);
});
