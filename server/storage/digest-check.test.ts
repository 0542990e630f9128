import { assert, suite } from '#test';
import { Metrics } from '../metrics/metrics.ts';
import { ServerEvents } from '../metrics/server-events.ts';
import { TreeDigest } from '../tree/digest.ts';
import { DigestCheck, SETTLE_TXNS_MAX } from './digest-check.ts';

const test = suite('storage: digest check');

function setUp() {
  const metrics = new Metrics();
  const lines: string[] = [];
  const check = new DigestCheck(metrics, new ServerEvents(({ kind }) => void lines.push(kind)));
  const tree = TreeDigest.fromBigInt(0x8000_0001_ffff_fffen);
  const bytes = (digest: bigint, version = 2): Buffer => {
    const txn = Buffer.alloc(12);
    txn.writeInt32BE(version, 0);
    txn.writeBigUInt64BE(digest, 4);
    return txn;
  };
  const right = bytes(tree.toBigInt());
  const wrong = bytes(tree.toBigInt() ^ 1n);
  const mismatches = () => metrics.counter('digest_mismatches_count').value;
  return { check, tree, right, wrong, bytes, mismatches, lines };
}

test('every difference is counted, a run of them reported once', () => {
  const { check, tree, right, wrong, mismatches, lines } = setUp();
  for (const digest of [right, wrong, wrong, right, wrong]) check.compare(1, tree, digest, 0);
  assert.is(mismatches(), 3);
  assert.is(lines.length, 2);
});

test('a digest of another version is not compared', () => {
  const { check, tree, bytes, mismatches } = setUp();
  check.compare(1, tree, bytes(5n, 3), 0);
  assert.is(mismatches(), 0);
});

test('a fuzzy snapshot is compared from the zxid of its digest on, not before', () => {
  const { check, tree, wrong, mismatches, lines } = setUp();
  check.snapshotLoaded({ zxid: 10, version: 2, digest: tree.toBigInt() + 1n }, '/snapshot.a');
  check.atZxid(9, tree);
  check.compare(9, tree, wrong, 0);
  check.compare(10, tree, wrong, 0);
  check.atZxid(10, tree);
  assert.is(mismatches(), 0);
  check.atZxid(11, tree);
  check.compare(11, tree, wrong, 0);
  assert.is(mismatches(), 2, 'the snapshot and the transaction after it');
  assert.is(lines.length, 1);
  check.compare(12, tree, wrong, 0);
  assert.is(mismatches(), 3);
});

test('a snapshot of Apache that holds part of the next transaction is not reported as wrong', () => {
  const { check, tree, right, wrong, mismatches } = setUp();
  check.snapshotLoaded({ zxid: 10, version: 2, digest: tree.toBigInt() + 1n }, '/snapshot.a');
  check.atZxid(10, tree);
  check.atZxid(11, tree);
  check.compare(11, tree, right, 0);
  assert.is(mismatches(), 0);
  check.compare(12, tree, wrong, 0);
  assert.is(mismatches(), 1, 'of the transaction, not of the snapshot');
});

test('after a SNAP differences count from the first match on', () => {
  const { check, tree, right, wrong, mismatches } = setUp();
  check.treeOfUnknownDigest();
  for (let i = 0; i < 100; i++) check.compare(i, tree, wrong, 0);
  assert.is(mismatches(), 0);
  check.compare(100, tree, right, 0);
  check.compare(101, tree, wrong, 0);
  assert.is(mismatches(), 1);
});

test('a SNAP that never settles is reported in the end', () => {
  const { check, tree, wrong, mismatches } = setUp();
  check.treeOfUnknownDigest();
  for (let i = 0; i <= SETTLE_TXNS_MAX; i++) check.compare(i, tree, wrong, 0);
  assert.is(mismatches(), 1);
});
