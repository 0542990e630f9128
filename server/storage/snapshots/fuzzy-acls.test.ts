import { assert, suite } from '#test';
import { fc } from '#test/properties';
import { DataTree } from '../../tree/data-tree.ts';
import { anyWish, historyOf, type Txn, type Wish } from '../../tree/history.test-kit.ts';
import { type NaiveTree, naiveViewOf } from '../../tree/naive-tree.test-kit.ts';
import { TreeWalk } from '../../tree/tree-walk.ts';
import { writeAcl } from '../../wire/acl.ts';
import { JuteReader, JuteWriter } from '../../wire/jute.ts';
import { writeStatPersisted } from '../../wire/stat.ts';
import { ApacheTree, type ApacheVersion } from './apache-restore.test-kit.ts';
import { NODES_END, SnapshotSerializer } from './snapshot-stream.ts';
import { SnapshotStreamReader } from './snapshot-stream-reader.ts';

/**
 * Tests that every node has its ACL again after a restart from a fuzzy snapshot and the log behind it, here
 * and on Apache ZooKeeper. @see ZOOKEEPER-4846
 */
const test = suite('storage: ACLs in fuzzy snapshots');

/** Writes a snapshot of a tree; calls `meanwhile` after each record. */
type Serialize = (tree: DataTree, meanwhile: () => void) => Buffer;
/** Loads a snapshot and replays the transactions after it; path to ACL. */
type Restore = (snapshot: Buffer, txns: readonly Txn[]) => Map<string, string>;

function ours(tree: DataTree, meanwhile: () => void): Buffer {
  const serializer = new SnapshotSerializer(tree, new Map([[5n, 4000]]));
  const writer = new JuteWriter();
  while (serializer.next(writer, writer.length + 1)) meanwhile();
  return writer.toBuffer();
}

/** As Apache does it: nodes may have keys that the map, written before them, lacks. */
function planted(tree: DataTree, meanwhile: () => void): Buffer {
  const writer = new JuteWriter().writeInt(0);
  const acls = [...tree.aclCache.entries()];
  writer.writeInt(acls.length);
  for (const [key, acl] of acls) writer.writeLong(key).writeVector(acl, writeAcl);
  const walk = new TreeWalk(tree);
  for (let step = walk.next(); step !== null; step = walk.next()) {
    const [path, node] = step;
    writer.writeString(path).writeBuffer(node.data).writeLong(tree.aclCache.keyOf(node.acl));
    writeStatPersisted(writer, node);
    meanwhile();
  }
  return writer.writeString(NODES_END).toBuffer();
}

const byUs: Restore = (snapshot, txns) => {
  const reader = new SnapshotStreamReader(snapshot.length, 'extended');
  assert.ok(reader.feed(snapshot).done);
  for (const [header, body] of txns) reader.tree.processTxn(header, body, false);
  return aclsOf(naiveViewOf(reader.tree));
};

const byApache =
  (version: ApacheVersion): Restore =>
  (snapshot, txns) => {
    const tree = new ApacheTree(version, new JuteReader(snapshot));
    for (const [, body] of txns) tree.apply(body);
    return tree.acls();
  };

function aclsOf(tree: NaiveTree): Map<string, string> {
  return new Map([...tree.nodes].map(([path, node]) => [path, node.acl]));
}

/** Whether every ACL comes back; the snapshot starts in a history, which goes on while that is written. */
function comesBack(
  serialize: Serialize,
  servers: readonly Server[],
): fc.RunDetails<[Wish[], number, number]> {
  const property = fc.property(
    fc.array(anyWish, { minLength: 20, maxLength: 80, size: 'max' }),
    fc.nat(60),
    fc.integer({ min: 1, max: 3 }),
    (wishes, startAt, pace) => {
      const { txns, twin } = historyOf(wishes);
      const live = new DataTree('extended');
      const start = Math.min(startAt, txns.length);
      for (const txn of txns.slice(0, start)) live.processTxn(...txn);
      let at = start;
      let records = 0;
      const snapshot = serialize(live, () => {
        const txn = ++records % pace === 0 ? txns[at] : undefined;
        if (txn === undefined) return;
        live.processTxn(...txn);
        at++;
      });
      const wanted = new Map([...aclsOf(twin)].sort());
      for (const [name, restore] of servers) {
        const found = [...restore(snapshot, txns.slice(start))];
        const comparable = found.filter(([path]) => !path.startsWith('/zookeeper/')).sort();
        assert.equal(new Map(comparable), wanted, name);
      }
    },
  );
  return fc.check(property, { numRuns: RUNS, endOnFailure: true });
}

const RUNS = 400;
type Server = readonly [name: string, restore: Restore];
const HERE: Server = ['this server', byUs];
const APACHE_3_8: Server = ['Apache ZooKeeper 3.8.0', byApache('3.8.0')];
const APACHE_3_9: Server = ['Apache ZooKeeper 3.9.5', byApache('3.9.5')];

test('every ACL comes back, here and on Apache ZooKeeper, from what is written while the tree changes', () => {
  const details = comesBack(ours, [HERE, APACHE_3_8, APACHE_3_9]);
  assert.not(details.failed, fc.defaultReportMessage(details) ?? '');
});

test('planted: keys that the map lacks become other lists on Apache ZooKeeper, but not here', () => {
  assert.ok(comesBack(planted, [APACHE_3_8]).failed);
  assert.ok(comesBack(planted, [APACHE_3_9]).failed);
  const here = comesBack(planted, [HERE]);
  assert.not(here.failed, fc.defaultReportMessage(here) ?? '');
});
