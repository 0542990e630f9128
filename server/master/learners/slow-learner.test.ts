import { assert, suite } from '#test';
import { createPacket, seededRandom } from '../../storage/storage.test-kit.ts';
import { PacketType, SNAPSHOT_SIGNATURE } from '../../wire/quorum-packet.ts';
import type { TxnPacket } from '../../wire/txn-packet.ts';
import { makeZxid } from '../../wire/zxid.ts';
import { MOVING_MS_MAX } from './learner-backlog.ts';
import { EPOCH, infoOf, LATER, MISSED, NEWLEADER_ZXID, Story } from './learner-handler.test-kit.ts';

const test = suite('quorum: what a master sends to a slow learner');

/** Brings the learner to UPTODATE. */
function serving(story: Story): Story {
  story.discover();
  story.receive(PacketType.ACK, NEWLEADER_ZXID);
  story.serve();
  story.sent();
  return story;
}

const live = (n: number) => createPacket(makeZxid(EPOCH, n), 'x'.repeat(10_000));
const names = (type: string, from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, at) => `${type} 0x${makeZxid(EPOCH, from + at).toString(16)}`);

test('field report B6: packets that a full connection does not take wait as references, and follow in order when it drains', () => {
  const story = serving(new Story());
  const { connection, handler, backlog } = story;
  handler.sendInform(live(1));
  connection.hasRoom = false;
  handler.sendInform(live(2));
  assert.equal(story.sent(), names('INFORM', 1, 2), 'at once, and the last one too: it was taken');
  const packets = [3, 4, 5, 6].map(live);
  for (const packet of packets) handler.sendInform(packet);
  handler.sendPacket({ type: PacketType.SYNC, zxid: 0, data: null, authinfo: null });
  handler.tick(LATER);
  assert.equal(story.sent(), [], 'nothing is copied to it');
  assert.is(handler.packetsQueued, 6);
  assert.ok(backlog.bytes >= 4 * packets[0]!.bytes.length, `${backlog.bytes}`);
  connection.events?.onDrain?.();
  assert.equal(story.sent(), names('INFORM', 3, 3), 'still full behind it');
  connection.hasRoom = true;
  connection.events?.onDrain?.();
  assert.equal(story.sent(), [...names('INFORM', 4, 6), 'SYNC 0x0', `PING 0x${LATER.toString(16)}`]);
  assert.is(backlog.bytes, 0);
  assert.is(handler.packetsQueued, 0);
  handler.sendInform(live(7));
  assert.equal(story.sent(), names('INFORM', 7, 7));
});

/** What may happen to the traffic of one learner. */
const STEPS: readonly ((story: Story, n: number) => void)[] = [
  ({ handler }, n) => handler.sendInform(live(n)),
  ({ handler }, n) => handler.sendProposal(live(n)),
  (story, n) => story.commit(live(n)),
  ({ handler }) => handler.sendPacket({ type: PacketType.SYNC, zxid: 0, data: null, authinfo: null }),
  ({ handler }) => handler.tick(LATER),
  ({ connection }) => {
    connection.hasRoom = !connection.hasRoom;
    connection.events?.onDrain?.();
  },
  ({ connection }) => connection.events?.onDrain?.(),
];

test('queued_packets and queued_packets_size of `observers` are never negative, and zero once all is sent', () => {
  const random = seededRandom(8);
  for (let round = 0; round < 20; round++) {
    const story = serving(new Story('', {}, 1_000_000));
    const { connection, handler, backlog } = story;
    const sizes = () => [handler.packetsQueued, handler.bytesQueued, backlog.bytes];
    let most = 0;
    for (let n = 1; n <= 60; n++) {
      STEPS[random.below(STEPS.length)]!(story, n);
      assert.ok(
        sizes().every(size => size >= 0),
        `round ${round}, step ${n}: ${sizes()}`,
      );
      most = Math.max(most, handler.packetsQueued);
    }
    assert.ok(most > 0);
    connection.hasRoom = true;
    connection.events?.onDrain?.();
    assert.equal(sizes(), [0, 0, 0]);
  }
});

test('field report B6: a learner that reads nothing is cut when too much waits for all, unless there is no quorum without it', () => {
  const stalled = (isSpare: boolean) => {
    const story = serving(new Story('', {}, 100_000));
    story.connection.hasRoom = false;
    story.isSpare = isSpare;
    for (let n = 1; n <= 9; n++) story.handler.sendProposal(live(n));
    story.rig.clock.nowMs += MOVING_MS_MAX + 1;
    for (let n = 10; n <= 20; n++) story.handler.sendProposal(live(n));
    return story;
  };
  const cut = stalled(true);
  assert.match(cut.connection.destroyed ?? '', /^\d+ bytes wait for a learner that does not keep up$/);
  assert.is(cut.backlog.bytes, 0);
  const needed = stalled(false);
  assert.is(needed.connection.destroyed, undefined);
  needed.connection.hasRoom = true;
  needed.connection.events?.onDrain?.();
  assert.equal(needed.sent(), names('PROPOSAL', 1, 20));
});

test('field report B5: while what is outstanding exceeds the backlog, a learner is brought nothing new, one round a turn', () => {
  const story = new Story('', {}, 50_000);
  story.pending = [3, 4, 5].map(n => createPacket(makeZxid(1, n), 'x'.repeat(30_000)));
  story.discover();
  assert.ok(story.stopped > 0);
  assert.not(story.sent().some(packet => packet.startsWith('NEWLEADER')));
  story.pending = [];
  story.rig.clock.run();
  assert.is(story.sent().at(-1), 'NEWLEADER 0x200000000');
});

test('field report B6: traffic held for a long sync is dropped, and follows from memory and log: each transaction once, in order', () => {
  for (const commitLogCount of [1, 4, 500]) {
    const story = new Story('forceSnapshotSync=true\n', { commitLogCount }, 50_000);
    const { connection, handler, backlog } = story;
    for (let n = 3; n < 10; n++) story.logAndApply(createPacket(makeZxid(1, n), 'x'.repeat(150_000)));
    const commit = (packet: TxnPacket) => {
      story.logAndApply(packet);
      if (story.isForwarding) handler.sendProposal(packet);
      if (story.isForwarding) story.commit(packet);
      assert.ok(backlog.bytes <= 50_000, `${backlog.bytes} bytes held`);
    };
    connection.hasRoom = false;
    story.discover();
    let next = 1;
    while (story.stopped < 3) {
      for (let n = 0; n < 20; n++) commit(live(next++));
      connection.events?.onDrain?.();
      story.rig.clock.run();
      assert.ok(next < 1000, `let go ${story.stopped} times`);
    }
    connection.hasRoom = true;
    connection.events?.onDrain?.();
    story.rig.clock.run();
    const bytes = story.takeBytes();
    const before = story.sent(bytes.subarray(bytes.indexOf(SNAPSHOT_SIGNATURE) + SNAPSHOT_SIGNATURE.length));
    const expected = (from: number, to: number) => {
      const proposals = names('PROPOSAL', from, to);
      return names('COMMIT', from, to).flatMap((name, at) => [proposals[at]!, name]);
    };
    const first = Number.parseInt(before[0]!.slice(-8), 16);
    assert.equal(
      before,
      [...expected(first, next - 1), 'NEWLEADER 0x200000000'],
      `${commitLogCount} in memory`,
    );
    // The learner may also take as long as it likes to write the snapshot to its disk.
    const behind = next;
    for (let n = 0; n < 20; n++) commit(live(next++));
    story.receive(PacketType.ACK, NEWLEADER_ZXID);
    story.serve();
    for (let n = 0; n < 3; n++) commit(live(next++));
    story.rig.clock.run();
    commit(live(next++));
    assert.equal(story.sent(), ['UPTODATE 0x-1', ...expected(behind, next - 1)]);
    assert.ok(handler.synced);
    assert.is(backlog.bytes, 0);
  }
});

test('field report B6: an observer that falls behind again while it catches up gets each transaction once, as an INFORM', () => {
  const story = new Story('', { commitLogCount: 4 }, 50_000);
  const { connection, handler } = story;
  story.isVoter = false;
  story.receive(PacketType.OBSERVERINFO, makeZxid(1, 0), infoOf(4));
  story.receive(PacketType.ACKEPOCH, MISSED, Buffer.from([0, 0, 0, 1]));
  let next = 1;
  const commit = (count: number) => {
    for (const last = next + count; next < last; next++) {
      story.logAndApply(live(next));
      if (story.isForwarding) handler.sendInform(live(next));
    }
  };
  commit(40);
  assert.is(story.stopped, 1, 'before UPTODATE');
  story.sent();
  connection.hasRoom = false;
  story.receive(PacketType.ACK, NEWLEADER_ZXID);
  story.serve();
  commit(20);
  assert.is(story.stopped, 2, 'while the rest follows from the log');
  connection.hasRoom = true;
  connection.events?.onDrain?.();
  story.rig.clock.run();
  commit(1);
  assert.equal(story.sent(), ['UPTODATE 0x-1', ...names('INFORM', 1, next - 1)]);
});

test('an answer is never dropped: a learner that catches up after UPTODATE gets it after what was committed before, or is cut', () => {
  for (const isTooMuch of [false, true]) {
    const story = new Story('', {}, 50_000);
    const { connection, handler } = story;
    story.discover();
    for (let n = 1; n <= 40; n++) {
      story.logAndApply(live(n));
      handler.sendProposal(live(n));
      story.commit(live(n));
    }
    story.sent();
    connection.hasRoom = false;
    story.receive(PacketType.ACK, NEWLEADER_ZXID);
    story.serve();
    handler.sendPacket({ type: PacketType.SYNC, zxid: 0, data: null, authinfo: null });
    assert.not(story.sent().includes('SYNC 0x0'));
    if (isTooMuch) {
      for (let n = 41; n <= 60; n++) handler.sendProposal(live(n));
      assert.match(connection.destroyed ?? '', /bytes wait for a learner that does not keep up/);
      continue;
    }
    connection.hasRoom = true;
    connection.events?.onDrain?.();
    story.rig.clock.run();
    assert.is(story.sent().at(-1), 'SYNC 0x0');
  }
});
