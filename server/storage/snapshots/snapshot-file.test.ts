import { gzipSync } from 'node:zlib';
import { assert, suite } from '#test';
import { fc } from '#test/properties';
import { ServerEvents } from '../../metrics/server-events.ts';
import { DataTree } from '../../tree/data-tree.ts';
import { TreeWalk } from '../../tree/tree-walk.ts';
import { JuteWriter } from '../../wire/jute.ts';
import { juteLimits } from '../../wire/jute-limits.ts';
import { OpCode } from '../../wire/opcodes.ts';
import { makeZxid } from '../../wire/zxid.ts';
import { adler32 } from '../adler32.ts';
import { parseTxnPacket } from '../parse-txn.ts';
import { createPacket, packetOf, type TestRig, testRig } from '../storage.test-kit.ts';
import { loadNewestSnapshot, loadSnapshot, snapshotEndZxid } from './snapshot-file.ts';
import { SnapshotSerializer } from './snapshot-stream.ts';
import { SnapshotStreamReader } from './snapshot-stream-reader.ts';
import { SnapshotWriter } from './snapshot-writer.ts';

const test = suite('storage: snapshots');
const RECORD_BYTES_MAX = juteLimits().packetBytesMax;
const E1 = makeZxid(1, 0);
const SESSION = -0x0123_4567_89ab_cdefn;

function applyTo(tree: DataTree, packet: ReturnType<typeof packetOf>): void {
  const { header, body } = parseTxnPacket(packet);
  tree.processTxn(header, body);
}

function sampleTree(count = 3): DataTree {
  const tree = new DataTree();
  for (let i = 1; i <= count; i++) applyTo(tree, createPacket(E1 + i, 'd'.repeat(i % 300)));
  const acl = [{ perms: 5, id: { scheme: 'digest', id: 'a:b' } }];
  const zxid = E1 + count;
  applyTo(
    tree,
    packetOf(
      zxid + 1,
      { type: OpCode.create, path: '/acl', data: null, acl, ephemeral: true, parentCVersion: count + 1 },
      SESSION,
    ),
  );
  applyTo(
    tree,
    packetOf(zxid + 2, {
      type: OpCode.createTTL,
      path: '/n100000001/ttl',
      data: Buffer.alloc(0),
      acl,
      parentCVersion: 1,
      ttlMs: 9,
    }),
  );
  return tree;
}

function describe(tree: DataTree): unknown[] {
  const walk = new TreeWalk(tree);
  const nodes: unknown[] = [];
  for (let next = walk.next(); next !== null; next = walk.next()) {
    const [path, node] = next;
    const { children, contentCrcState: _crc, ...stat } = node;
    nodes.push([path, children === null ? [] : [...children], stat]);
  }
  return [
    ...nodes,
    tree.digest.toBigInt(),
    [...(tree.ephemeralsOf(SESSION)?.keys() ?? [])],
    [...tree.ttlNodes],
  ];
}

function streamOf(tree: DataTree, sessions: Map<bigint, number>, sliceBytes = 100): Buffer {
  const serializer = new SnapshotSerializer(tree, sessions);
  const slices: Buffer[] = [];
  const writer = new JuteWriter();
  for (let more = true; more; ) {
    more = serializer.next(writer.reset(), sliceBytes);
    slices.push(writer.toBuffer());
  }
  return Buffer.concat(slices);
}

function write(
  rig: TestRig,
  tree: DataTree,
  sessions = new Map<bigint, number>(),
  digestEnabled = true,
): string {
  rig.disk.makeDirectory('/s');
  const { disk, clock } = rig;
  const writer = new SnapshotWriter({ disk, clock, directory: '/s', digestEnabled }, tree, sessions);
  let done = false;
  writer.start(error => {
    assert.is(error, undefined);
    done = true;
  });
  rig.clock.run();
  assert.ok(done);
  return writer.path;
}

test('the empty tree is written as Java writes it, with one more ACL [facts 24]', () => {
  const rig = testRig();
  const path = write(rig, new DataTree());
  assert.is(path, '/s/snapshot.0');
  const bytes = rig.disk.read(path);
  const node = (name: string, acl: string, stat: string) =>
    `${name.length.toString(16).padStart(8, '0')}${Buffer.from(name).toString('hex')}00000000${acl}${stat}`;
  const plain = '0'.repeat(120);
  const config = `${'0'.repeat(64)}${'0'.repeat(8)}${'0'.repeat(8)}ffffffff${'0'.repeat(32)}`;
  const open = 'f'.repeat(16);
  const worldAnyone = `00000005${Buffer.from('world').toString('hex')}00000006${Buffer.from('anyone').toString('hex')}`;
  const head = [
    '5a4b534e00000002ffffffffffffffff',
    '00000000',
    '00000002',
    `0000000000000001${'00000001'}${'00000001'}${worldAnyone}`,
    `0000000000000002${'00000001'}${'00000000'}${worldAnyone}`,
    node('', open, plain),
    node('/zookeeper', open, plain),
    node('/zookeeper/quota', open, plain),
    node('/zookeeper/config', '0000000000000001', config),
    '000000012f',
  ].join('');
  assert.is(bytes.toString('hex', 0, head.length / 2), head);
  const tail = bytes.subarray(head.length / 2);
  assert.is(tail.length, 46);
  assert.is(tail.readUInt32BE(4), adler32(bytes, 0, head.length / 2));
  assert.is(tail.toString('hex', 8, 33), `000000012f${'0'.repeat(16)}00000002${'0'.repeat(16)}`);
  assert.is(tail.readUInt32BE(37), adler32(bytes, 0, bytes.length - 13));
});

test('a tree is restored with all its nodes, ACLs, owners, sessions and its digest', () => {
  const rig = testRig();
  const tree = sampleTree(40);
  const path = write(rig, tree, new Map([[SESSION, 4000]]));
  assert.is(path, '/s/snapshot.10000002a');
  rig.disk.crash();
  const loaded = loadNewestSnapshot(rig.disk, '/s', new ServerEvents())!;
  assert.equal(describe(loaded.tree), describe(tree));
  assert.is(loaded.tree.lastProcessedZxid, tree.lastProcessedZxid);
  assert.equal([...loaded.sessionTimeouts], [[SESSION, 4000]]);
  assert.equal(loaded.digest, { zxid: tree.lastProcessedZxid, version: 2, digest: tree.digest.toBigInt() });
  assert.is(snapshotEndZxid(rig.disk, path), tree.lastProcessedZxid);
});

test('files without digest, and with the trailer of 3.9, are read', () => {
  const rig = testRig();
  const tree = sampleTree();
  for (const digestEnabled of [true, false]) {
    const path = write(rig, tree, new Map(), digestEnabled);
    const whole = rig.disk.read(path);
    const zxid = new JuteWriter().writeLong(tree.lastProcessedZxid).bytes;
    const sealed = Buffer.concat([whole, zxid]);
    const seal = new JuteWriter().writeLong(adler32(sealed)).writeString('/').bytes;
    assert.is(loadSnapshot(rig.disk, path, 5).digest !== undefined, digestEnabled);
    rig.disk.open(path, 'w').writeAt(0, Buffer.concat([sealed, seal]));
    const loaded = loadSnapshot(rig.disk, path, 5);
    assert.is(loaded.digest !== undefined, digestEnabled);
    assert.equal(describe(loaded.tree), describe(tree));
    assert.is(snapshotEndZxid(rig.disk, path), digestEnabled ? tree.lastProcessedZxid : undefined);
  }
});

test('every truncation and every flipped bit is noticed, and an older snapshot is used', () => {
  const rig = testRig();
  const older = write(rig, sampleTree(1));
  const path = write(rig, sampleTree(2));
  const whole = rig.disk.read(path);
  for (let size = 0; size < whole.length; size++) {
    // When cut right after its first seal, it is a whole snapshot of a server without digests.
    if (size === whole.length - 33) continue;
    rig.disk.open(path, 'w').writeAt(0, whole, 0, size);
    assert.is(loadNewestSnapshot(rig.disk, '/s', new ServerEvents())?.path, older, `${size} bytes`);
  }
  rig.disk.open(path, 'w').writeAt(0, whole);
  for (let position = 0; position < whole.length; position++) {
    rig.disk.flipBit(path, position, position % 8);
    assert.is(loadNewestSnapshot(rig.disk, '/s', new ServerEvents())?.path, older, `byte ${position}`);
    rig.disk.flipBit(path, position, position % 8);
  }
  assert.is(loadNewestSnapshot(rig.disk, '/s', new ServerEvents())?.path, path);
});

test('a directory whose snapshots are all damaged is refused', () => {
  const rig = testRig();
  const path = write(rig, sampleTree());
  rig.disk.flipBit(path, 100);
  assert.throws(
    () => loadNewestSnapshot(rig.disk, '/s', new ServerEvents()),
    (error: Error & { code?: string }) =>
      error.code === 'ZK_SNAPSHOT_CORRUPT' && error.message.includes(`the reason for the newest, ${path}: `),
  );
});

test('the stream is read the same at every split', () => {
  const tree = sampleTree();
  const sessions = new Map([[SESSION, 4000]]);
  const stream = Buffer.concat([
    streamOf(tree, sessions),
    Buffer.from('0000000a42656e57617348657265', 'hex'),
  ]);
  const wanted = describe(tree);
  for (let at = 0; at <= stream.length; at++) {
    const reader = new SnapshotStreamReader(RECORD_BYTES_MAX);
    const first = reader.feed(stream.subarray(0, at));
    let consumed = first.consumedBytes;
    if (!first.done) {
      assert.is(consumed, at);
      const second = reader.feed(stream.subarray(at));
      assert.ok(second.done);
      consumed += second.consumedBytes;
    }
    assert.is(stream.toString('latin1', consumed + 4), 'BenWasHere');
    assert.equal(describe(reader.tree), wanted);
    assert.equal([...reader.sessionTimeouts], [...sessions]);
  }
});

test('chunks of one byte, and slices of one record, give the same tree', () => {
  const tree = sampleTree(20);
  const stream = streamOf(
    tree,
    new Map([
      [SESSION, 1],
      [5n, 2],
    ]),
    1,
  );
  const reader = new SnapshotStreamReader(RECORD_BYTES_MAX);
  for (let i = 0; i < stream.length; i++) {
    const chunk = Buffer.from(stream.subarray(i, i + 1));
    assert.is(reader.feed(chunk).done, i === stream.length - 1);
    chunk.fill(0xee);
  }
  assert.equal(describe(reader.tree), describe(tree));
});

test('random bytes never make a tree, and always end in an error', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 8, maxLength: 400 }), bytes => {
      const reader = new SnapshotStreamReader(RECORD_BYTES_MAX);
      try {
        const { done } = reader.feed(Buffer.from(bytes));
        if (done) assert.ok(reader.tree.nodeCount > 0);
      } catch (error) {
        assert.ok((error as { code?: string }).code?.startsWith('ZK_'), String(error));
      }
    }),
  );
});

test('a large snapshot is written in slices, and other work runs between them', () => {
  const rig = testRig();
  const tree = sampleTree(3000);
  rig.disk.makeDirectory('/s');
  const { disk, clock } = rig;
  let largestWrite = 0;
  let slices = 0;
  let before = 0;
  const writer = new SnapshotWriter({ disk, clock, directory: '/s', digestEnabled: true }, tree, new Map());
  let done = false;
  writer.start(() => {
    done = true;
  });
  while (!done && clock.step()) {
    slices++;
    largestWrite = Math.max(largestWrite, writer.sizeBytes - before);
    before = writer.sizeBytes;
  }
  assert.ok(slices >= 4, `${slices} slices`);
  assert.ok(largestWrite < 300 * 1024, `${largestWrite} bytes at once`);
});

test('a crash at every step leaves no snapshot or a whole one', () => {
  for (let stop = 1; stop < 12; stop++) {
    const rig = testRig(stop);
    rig.disk.makeDirectory('/s');
    let left = stop;
    rig.disk.beforeOperation = () => {
      if (--left === 0) throw new Error('power cut');
    };
    const { disk, clock } = rig;
    const writer = new SnapshotWriter(
      { disk, clock, directory: '/s', digestEnabled: true },
      sampleTree(),
      new Map(),
    );
    let outcome = '';
    writer.start(error => {
      outcome = error === undefined ? 'durable' : error.code;
    });
    clock.run();
    disk.beforeOperation = () => {};
    disk.crash();
    const loaded = loadNewestSnapshot(disk, '/s', new ServerEvents());
    if (outcome === 'durable') assert.ok(loaded !== undefined);
    else assert.is(outcome, 'ZK_DISK');
  }
});

test('a planted bug is seen: a rename without a sync leaves a damaged snapshot', () => {
  let damaged = 0;
  for (let seed = 1; seed <= 20; seed++) {
    const rig = testRig(seed);
    const path = write(rig, sampleTree());
    const bytes = rig.disk.read(path);
    rig.disk.open('/s/snapshot.9.tmp', 'w').writeAt(0, bytes);
    rig.disk.rename('/s/snapshot.9.tmp', '/s/snapshot.9');
    rig.disk.syncDirectory('/s');
    rig.disk.crash();
    try {
      loadSnapshot(rig.disk, '/s/snapshot.9', 9);
    } catch {
      damaged++;
    }
  }
  assert.ok(damaged > 5, `${damaged} of 20 damaged`);
});

test('a snapshot that Java compressed with gz is read; a damaged one is passed over', () => {
  const rig = testRig();
  const older = write(rig, sampleTree(1));
  const tree = sampleTree(5);
  const packed = gzipSync(rig.disk.read(write(rig, tree)));
  rig.disk.remove('/s/snapshot.100000007');
  const path = '/s/snapshot.100000007.gz';
  rig.disk.open(path, 'w').writeAt(0, packed);
  const loaded = loadNewestSnapshot(rig.disk, '/s', new ServerEvents())!;
  assert.is(loaded.path, path);
  assert.is(loaded.zxid, E1 + 7);
  assert.equal(describe(loaded.tree), describe(tree));
  assert.is(snapshotEndZxid(rig.disk, path), E1 + 7);
  rig.disk.open(path, 'w').writeAt(0, packed, 0, packed.length - 30);
  assert.is(loadNewestSnapshot(rig.disk, '/s', new ServerEvents())!.path, older);
  assert.is(snapshotEndZxid(rig.disk, path), undefined);
});
