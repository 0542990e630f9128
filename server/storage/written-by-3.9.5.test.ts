import { readFileSync } from 'node:fs';
import { assert, suite } from '#test';
import { ProposalWriter } from '../master/proposals/proposal-writer.ts';
import { ownRequest } from '../processors/request.ts';
import { DataTree } from '../tree/data-tree.ts';
import { juteLimits } from '../wire/jute-limits.ts';
import { OpCode } from '../wire/opcodes.ts';
import { PacketType } from '../wire/quorum-packet.ts';
import { type TxnPacket, txnOf, txnPacket } from '../wire/txn-packet.ts';
import { makeZxid, zxidToHex } from '../wire/zxid.ts';
import { PacketReader } from '../zab/packet-stream.ts';
import { adler32 } from './adler32.ts';
import { open } from './database.test-kit.ts';
import { parseTxnPacket } from './parse-txn.ts';
import { loadSnapshot } from './snapshots/snapshot-file.ts';
import { DIGEST_SECTION_BYTES, LAST_ZXID_SECTION_BYTES } from './snapshots/snapshot-format.ts';
import { type TestRig, testRig } from './storage.test-kit.ts';
import { LogFileReader } from './txn-log/log-file-reader.ts';
import { ENTRY_HEAD_BYTES } from './txn-log/log-format.ts';

/**
 * Bytes that Apache ZooKeeper 3.9.5 wrote, in `written-by-3.9.5/`. An ensemble of two voters got every kind
 * of write twice, and two refused ones each time. Meanwhile a follower and an observer that had the first
 * three transactions recorded what the leader sent. `snapshot` is from its next start. The two small logs are
 * of single servers with `closeSessionTxn.enabled=false` and with `digest.enabled=false`.
 */
const test = suite('storage: files and packets of 3.9.5');
const FOLDER = new URL('../../../server/storage/written-by-3.9.5/', import.meta.url);
const E1 = makeZxid(1, 0);
const LAST = E1 + 0x19;
/** The first transaction that the recorded learners lacked, and the first one behind their sync. */
const FIRST_OF_DIFF = E1 + 4;
const FIRST_LIVE = E1 + 0xe;
const REFUSED = [E1 + 0xa, E1 + 0x15];
const DIGEST_BYTES = 12;
const DIRECTORY = '/data/version-2';
const SNAPSHOT = 'snapshot.100000019';
const NOBODY = { sessionHigh: 0, sessionLow: 0 };
const EMPTY = Buffer.alloc(0);

function bytesOf(name: string): Buffer {
  return Buffer.from(readFileSync(new URL(`${name}.base64`, FOLDER), 'ascii'), 'base64');
}

const LOG = bytesOf('log');
const STREAMS = { follower: bytesOf('stream-to-follower'), observer: bytesOf('stream-to-observer') };

function diskWith(name: string, bytes: Buffer): TestRig {
  const rig = testRig();
  rig.disk.makeDirectory(DIRECTORY);
  rig.disk.open(`${DIRECTORY}/${name}`, 'w').writeAt(0, bytes);
  return rig;
}

interface FoundTxn extends TxnPacket {
  /** Where it ends in the log. */
  readonly endOffset: number;
}

function transactionsIn(log: Buffer): FoundTxn[] {
  const rig = diskWith('log', log);
  const reader = new LogFileReader(rig.disk, `${DIRECTORY}/log`);
  const found: FoundTxn[] = [];
  for (let entry = reader.next(); entry !== null; entry = reader.next())
    found.push({ ...txnPacket(entry.zxid, entry.txn), endOffset: entry.endOffset });
  reader.close();
  return found;
}

/** The digest that a transaction carries; null without one. */
function digestOf(packet: TxnPacket): { version: number; treeDigest: bigint } | null {
  const { digestAt } = parseTxnPacket(packet);
  if (digestAt < 0) return null;
  const { bytes } = packet;
  return { version: bytes.readInt32BE(digestAt), treeDigest: bytes.readBigUInt64BE(digestAt + 4) };
}

/** Calls `each` after each transaction, with the tree behind it. */
function replay(packets: readonly TxnPacket[], each: (packet: TxnPacket, tree: DataTree) => void): void {
  const tree = new DataTree();
  for (const packet of packets) {
    const { header, body } = parseTxnPacket(packet);
    tree.processTxn(header, body);
    each(packet, tree);
  }
}

function withAnotherLastDigest(log: Buffer): Buffer {
  const changed = Buffer.from(log);
  const txnEnd = log.length - 1;
  const txnStart = transactionsIn(log).at(-2)!.endOffset + ENTRY_HEAD_BYTES;
  changed[txnEnd - 1]! ^= 1;
  changed.writeUInt32BE(adler32(changed, txnStart, txnEnd), txnStart - ENTRY_HEAD_BYTES + 4);
  return changed;
}

test('a log: every transaction ends in the digest of our tree behind it; a refused one carries none', () => {
  const packets = transactionsIn(LOG);
  assert.is(packets.at(-1)?.zxid, LAST);
  const kinds = new Set<number>();
  replay(packets, (packet, tree) => {
    kinds.add(parseTxnPacket(packet).header.type);
    const isRefused = REFUSED.includes(packet.zxid);
    const wanted = isRefused ? null : { version: 2, treeDigest: tree.digest.toBigInt() };
    assert.equal(digestOf(packet), wanted, zxidToHex(packet.zxid));
  });
  const { create, create2, createContainer, createTTL, delete: remove, setData, setACL, multi } = OpCode;
  const { createSession, closeSession, error } = OpCode;
  const all = [create, create2, createContainer, createTTL, remove, setData, setACL, multi];
  assert.equal([...kinds].sort(), [...all, createSession, closeSession, error].sort());
});

test('our leader writes the same bytes for the same transactions, refused ones with a digest besides', () => {
  const tree = new DataTree();
  const writer = new ProposalWriter(tree.digest);
  for (const packet of transactionsIn(LOG)) {
    const { header, body } = parseTxnPacket(packet);
    tree.processTxn(header, body);
    const nobody = ownRequest(header.type, NOBODY, EMPTY, {}, 0);
    const ours = txnOf({ zxid: header.zxid, bytes: writer.write(header, body, nobody) });
    const theirs = txnOf(packet);
    const more = REFUSED.includes(packet.zxid) ? DIGEST_BYTES : 0;
    assert.is(ours.length, theirs.length + more, zxidToHex(packet.zxid));
    assert.is(ours.toString('hex', 0, theirs.length), theirs.toString('hex'), zxidToHex(packet.zxid));
  }
});

test('a log that is cut at any byte has the transactions that are whole, digests and all', () => {
  const whole = transactionsIn(LOG);
  for (let end = 0; end <= LOG.length; end++) {
    const wanted = whole.filter(({ endOffset }) => endOffset <= end);
    const found = transactionsIn(LOG.subarray(0, end));
    assert.is(found.length, wanted.length, `${end} bytes`);
    const [last, wantedLast] = [found.at(-1), wanted.at(-1)];
    assert.ok(last === undefined || last.bytes.equals(wantedLast?.bytes ?? EMPTY), `${end} bytes`);
  }
});

test('without a list of paths or without digests, a closeSession and the others are read all the same', () => {
  const listless = transactionsIn(bytesOf('log-without-list-of-paths'));
  const { body } = parseTxnPacket(listless.at(-1)!);
  assert.equal(body, { type: OpCode.closeSession, paths: null, withoutBody: true });
  replay(listless, (packet, tree) =>
    assert.equal(digestOf(packet), { version: 2, treeDigest: tree.digest.toBigInt() }),
  );
  const bare = transactionsIn(bytesOf('log-without-digests'));
  assert.equal(parseTxnPacket(bare.at(-1)!).body, { type: OpCode.closeSession, paths: ['/e'] });
  assert.equal(bare.map(digestOf), [null, null, null]);
});

test('a snapshot: our tree, with its digest, and the sections behind the first seal one by one', () => {
  const snapshot = bytesOf('snapshot');
  const { disk } = diskWith(SNAPSHOT, snapshot);
  const loaded = loadSnapshot(disk, `${DIRECTORY}/${SNAPSHOT}`, LAST);
  const digest = loaded.tree.digest.toBigInt();
  assert.equal(loaded.digest, { zxid: LAST, version: 2, digest });
  const packets = transactionsIn(LOG);
  replay(packets, ({ zxid }, tree) => {
    if (zxid === LAST) assert.is(digest, tree.digest.toBigInt());
  });
  const withoutZxid = snapshot.length - LAST_ZXID_SECTION_BYTES;
  const withoutDigest = withoutZxid - DIGEST_SECTION_BYTES;
  const digestAt = (end: number) => {
    const cut = diskWith(SNAPSHOT, snapshot.subarray(0, end)).disk;
    return loadSnapshot(cut, `${DIRECTORY}/${SNAPSHOT}`, LAST).digest?.digest;
  };
  for (let end = 0; end < snapshot.length; end++) {
    if (end === withoutZxid) assert.is(digestAt(end), digest);
    else if (end === withoutDigest) assert.is(digestAt(end), undefined);
    else assert.throws(() => digestAt(end), /./, `${end} bytes`);
  }
});

test('a server starts from the log, and notices a digest that is not that of its tree', () => {
  const mismatches = (log: Buffer) => {
    const rig = diskWith('log.100000001', log);
    const db = open(rig, { ownerLayout: 'extended', trustEmptySnapshot: true });
    assert.is(db.lastProcessedZxid, LAST);
    db.close();
    return rig.metrics.counter('digest_mismatches_count').value;
  };
  assert.is(mismatches(LOG), 0);
  assert.is(mismatches(withAnotherLastDigest(LOG)), 1);
});

for (const [learner, stream] of Object.entries(STREAMS)) {
  test(`the packets that a leader sends to a ${learner}: the transactions of its log, with their digests, at every split point`, () => {
    const wanted = new Map(transactionsIn(LOG).map(packet => [packet.zxid, txnOf(packet)]));
    const live = learner === 'observer' ? PacketType.INFORM : PacketType.PROPOSAL;
    const read = (chunks: readonly Buffer[]) => {
      const zxids: number[] = [];
      const reader = new PacketReader(juteLimits().packetBytesMax, view => {
        if (view.type !== PacketType.PROPOSAL && view.type !== PacketType.INFORM) return;
        const { zxid, type } = view;
        zxids.push(zxid);
        assert.is(type, zxid < FIRST_LIVE ? PacketType.PROPOSAL : live);
        assert.ok(wanted.get(zxid)?.equals(view.data()), zxidToHex(zxid));
      });
      for (const chunk of chunks) reader.feed(Buffer.from(chunk));
      return zxids;
    };
    const zxids = [...wanted.keys()].filter(zxid => zxid >= FIRST_OF_DIFF);
    assert.equal(read([...stream].map(byte => Buffer.from([byte]))), zxids);
    for (let at = 0; at <= stream.length; at++)
      assert.equal(read([stream.subarray(0, at), stream.subarray(at)]), zxids, `split at ${at}`);
  });
}
