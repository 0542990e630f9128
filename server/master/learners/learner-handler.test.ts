import { assert, suite } from '#test';
import type { ZkDatabaseConfig } from '../../storage/database-config.ts';
import { createPacket } from '../../storage/storage.test-kit.ts';
import { PacketType, SNAPSHOT_SIGNATURE } from '../../wire/quorum-packet.ts';
import { makeZxid } from '../../wire/zxid.ts';
import { LATER, MISSED, NEWLEADER_ZXID, PENDING, Story } from './learner-handler.test-kit.ts';

const test = suite("quorum: the master's side of a learner");

test('ZOOKEEPER-4394: live traffic waits for UPTODATE and follows it in order', () => {
  const story = new Story();
  story.pending = [createPacket(PENDING)];
  story.discover();
  const synced = ['DIFF 0x100000002', 'PROPOSAL 0x100000002', 'COMMIT 0x100000002', 'NEWLEADER 0x200000000'];
  assert.equal(story.sent(), synced);
  story.commit(createPacket(PENDING));
  story.handler.sendProposal(createPacket(LATER));
  assert.equal(story.sent(), []);
  story.receive(PacketType.ACK, NEWLEADER_ZXID);
  assert.equal(story.sent(), [], 'the leader does not serve yet');
  story.serve();
  const live = ['PROPOSAL 0x200000001', 'COMMIT 0x200000001', 'PROPOSAL 0x200000002'];
  assert.equal(story.sent(), ['UPTODATE 0x-1', ...live]);
  assert.ok(story.handler.synced);
});

test('ZOOKEEPER-4685: acks of synced transactions that come before the ack of NEWLEADER count for nothing', () => {
  const story = new Story();
  story.discover();
  story.receive(PacketType.ACK, MISSED);
  assert.is(story.connection.destroyed, undefined);
  assert.is(story.handler.synced, false);
  assert.equal(story.acks, []);
  story.receive(PacketType.ACK, NEWLEADER_ZXID);
  story.serve();
  assert.ok(story.handler.synced);
});

test('a learner that acks NEWLEADER before it was sent is closed: it does not have that history yet', () => {
  const story = new Story('forceSnapshotSync=true\n');
  for (let n = 3; n < 10; n++) story.database.applyPacket(createPacket(makeZxid(1, n), 'x'.repeat(150_000)));
  story.discover();
  story.receive(PacketType.ACK, NEWLEADER_ZXID);
  assert.match(story.connection.destroyed ?? '', /came before NEWLEADER was sent/);
});

test('an ack of another epoch is no ack of NEWLEADER', () => {
  const story = new Story();
  story.discover();
  story.receive(PacketType.ACK, makeZxid(1, 0));
  assert.match(story.connection.destroyed ?? '', /ACK of NEWLEADER 0x200000000 was expected/);
});

test('a snapshot is sent whole: no NEWLEADER, ping or commit gets into it', () => {
  const story = new Story('forceSnapshotSync=true\n');
  const big = 'x'.repeat(150_000);
  for (let n = 3; n < 10; n++) story.database.applyPacket(createPacket(makeZxid(1, n), big));
  story.discover();
  const last = createPacket(PENDING);
  story.handler.sendProposal(last);
  story.handler.tick(PENDING);
  story.commit(last);
  story.rig.clock.run();
  const bytes = story.takeBytes();
  const mark = Buffer.concat([
    Buffer.from([0, 0, 0, SNAPSHOT_SIGNATURE.length]),
    Buffer.from(SNAPSHOT_SIGNATURE),
  ]);
  const end = bytes.indexOf(mark) + mark.length;
  assert.ok(end > 7 * big.length, 'the snapshot took several slices');
  assert.equal(story.sent(bytes.subarray(end)), ['NEWLEADER 0x200000000']);
  story.handler.tick(PENDING);
  assert.equal(story.sent(), ['PING 0x200000001']);
  story.receive(PacketType.ACK, NEWLEADER_ZXID);
  story.serve();
  assert.equal(story.sent(), ['UPTODATE 0x-1', 'PROPOSAL 0x200000001', 'COMMIT 0x200000001']);
});

/** Longer than the memory of the master, and than one slice. */
function longHistory(config: Partial<ZkDatabaseConfig> = {}): Story {
  const story = new Story('', { commitLogCount: 2, snapshotSizeFactor: 1e6, ...config });
  for (let n = 3; n <= 12; n++) story.logAndApply(createPacket(makeZxid(1, n), 'x'.repeat(100_000)));
  return story;
}

test('a DIFF from the log is read and sent one slice a turn; what is committed meanwhile follows it in order', () => {
  const story = longHistory();
  story.discover();
  assert.equal(story.sent(), [], 'the log is not read in one turn');
  const bytes: Buffer[] = [];
  let next = 13;
  let turns = 0;
  do {
    // Proposes and commits one transaction of the running epoch between any two turns.
    const live = createPacket(makeZxid(1, next++));
    story.logAndApply(live);
    story.handler.sendProposal(live);
    story.commit(live);
    const slice = story.takeBytes();
    assert.ok(slice.length < 400_000, `${slice.length} bytes in one turn`);
    bytes.push(slice);
    turns++;
  } while (story.rig.clock.step());
  assert.ok(turns > 6, `${turns} turns`);
  bytes.push(story.takeBytes());
  const sent = story.sent(Buffer.concat(bytes));
  const expected = ['DIFF 0x10000000c'];
  for (let n = 2; n <= 12; n++) {
    const zxid = `0x${makeZxid(1, n).toString(16)}`;
    expected.push(`PROPOSAL ${zxid}`, `COMMIT ${zxid}`);
  }
  assert.equal(sent, [...expected, 'NEWLEADER 0x200000000']);
  story.receive(PacketType.ACK, NEWLEADER_ZXID);
  story.serve();
  const after = story.sent();
  assert.equal(after.slice(0, 3), ['UPTODATE 0x-1', 'PROPOSAL 0x10000000d', 'COMMIT 0x10000000d']);
  assert.is(after.length, 1 + 2 * (next - 13), 'each once');
});

test('a log with a gap leads to a SNAP, and what the SNAP holds is not sent again after it', () => {
  const story = longHistory();
  story.database.flush(() => {});
  story.rig.clock.run();
  const [path] = story.rig.disk.list('/d/version-2').filter(name => name.startsWith('log.'));
  story.rig.disk.flipBit(`/d/version-2/${path}`, 800_000);
  story.discover();
  const within = createPacket(makeZxid(1, 13));
  story.logAndApply(within);
  story.handler.sendProposal(within);
  story.commit(within);
  story.rig.clock.run();
  const bytes = story.takeBytes();
  assert.is(story.handler.syncMode, 'SNAP');
  assert.is(bytes.readInt32BE(0), PacketType.SNAP);
  assert.is(Number(bytes.readBigInt64BE(4)), makeZxid(1, 13));
  const live = createPacket(makeZxid(1, 14));
  story.handler.sendProposal(live);
  story.commit(live);
  story.receive(PacketType.ACK, NEWLEADER_ZXID);
  story.serve();
  assert.equal(story.sent(), ['UPTODATE 0x-1', 'PROPOSAL 0x10000000e', 'COMMIT 0x10000000e']);
});

test('when a learner leaves while the log is read for it, no file stays open and nothing is sent', () => {
  const story = longHistory();
  const { disk } = story.rig;
  const open = disk.open.bind(disk);
  let closed = 0;
  disk.open = (path, mode) => {
    const file = open(path, mode);
    const close = file.close.bind(file);
    file.close = () => {
      closed++;
      close();
    };
    return file;
  };
  story.discover();
  assert.is(closed, 0);
  story.connection.events?.onClose('gone');
  assert.is(closed, 1);
  story.rig.clock.run();
  assert.equal(story.sent(), []);
});

test('a learner that takes longer than initLimit to ack NEWLEADER is dropped; one that owes acks, after syncLimit', () => {
  const story = new Story('tickTime=100\ninitLimit=10\nsyncLimit=5\n');
  story.pending = [createPacket(PENDING)];
  story.discover();
  story.rig.clock.nowMs = 900;
  story.handler.tick(PENDING);
  assert.is(story.connection.destroyed, undefined);
  story.receive(PacketType.ACK, NEWLEADER_ZXID);
  story.serve();
  // The ack of held traffic is owed since it was sent, not since it was proposed.
  story.rig.clock.nowMs = 1300;
  story.receive(PacketType.PING, 0, Buffer.alloc(0));
  story.handler.tick(PENDING);
  assert.is(story.connection.destroyed, undefined);
  story.rig.clock.nowMs = 1500;
  story.handler.tick(PENDING);
  assert.match(story.connection.destroyed ?? '', /not acked for 500 ms \(syncLimit\)/);

  const slow = new Story('tickTime=100\ninitLimit=10\nsyncLimit=5\n');
  slow.discover();
  slow.rig.clock.nowMs = 1001;
  slow.handler.tick(PENDING);
  assert.match(slow.connection.destroyed ?? '', /did not go on for 1000 ms \(initLimit\)/);
});

test('a sync longer than initLimit goes on as long as the learner takes some of it; one without progress ends', () => {
  const story = new Story('tickTime=100\ninitLimit=10\nsyncLimit=5\nforceSnapshotSync=true\n');
  for (let n = 3; n < 10; n++) {
    story.database.applyPacket(createPacket(makeZxid(1, n), 'x'.repeat(150_000)));
  }
  story.connection.hasRoom = false;
  story.discover();
  let slices = 0;
  // NEWLEADER names the configuration.
  for (; !story.takeBytes().includes('version=0'); slices++) {
    story.rig.clock.nowMs += 900;
    story.handler.tick(PENDING);
    assert.is(story.connection.destroyed, undefined, `after slice ${slices}`);
    story.connection.events?.onDrain?.();
  }
  assert.ok(slices > 2, `${slices} slices`);
  story.rig.clock.nowMs += 900;
  story.handler.tick(PENDING);
  assert.is(story.connection.destroyed, undefined);
  story.rig.clock.nowMs += 101;
  story.handler.tick(PENDING);
  assert.match(story.connection.destroyed ?? '', /did not go on for 1000 ms \(initLimit\)/);
});

test('an ack of some proposals leaves the others owed, counted from that ack on', () => {
  const story = new Story('tickTime=100\ninitLimit=10\nsyncLimit=5\n');
  story.pending = [createPacket(PENDING), createPacket(LATER)];
  story.discover();
  story.receive(PacketType.ACK, NEWLEADER_ZXID);
  story.serve();
  story.rig.clock.nowMs = 400;
  story.receive(PacketType.ACK, PENDING);
  for (const [nowMs, gone] of [
    [800, false],
    [901, true],
  ] as const) {
    story.rig.clock.nowMs = nowMs;
    story.receive(PacketType.PING, 0, Buffer.alloc(0));
    story.handler.tick(LATER);
    assert.is(story.connection.destroyed !== undefined, gone, `${nowMs} ms`);
  }
});
