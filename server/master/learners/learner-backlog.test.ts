import { assert, suite } from '#test';
import { fc } from '#test/properties';
import type { Connection } from '../../runtime/runtime.ts';
import { VirtualClock } from '../../runtime/virtual/virtual-clock.ts';
import { PacketType } from '../../wire/quorum-packet.ts';
import { LearnerBacklog, LearnerQueue, MOVING_LIMITS_MAX, MOVING_MS_MAX } from './learner-backlog.ts';

const test = suite('quorum: the backlog of learners that do not keep up');

const MEBIBYTE = 1024 * 1024;
const clock = new VirtualClock();
/** All learners that take nothing meanwhile are stalled. */
const stall = () => clock.advance(MOVING_MS_MAX + 1);

class Learner {
  readonly queue: LearnerQueue;
  isSpare = true;
  isHeld = false;
  givenUp = 0;

  constructor(backlog: LearnerBacklog) {
    this.queue = new LearnerQueue(backlog, {
      isSpare: () => this.isSpare,
      isHeld: () => this.isHeld,
      onGivenUp: () => void this.givenUp++,
    });
  }
}

/** A connection that takes `room` writes. */
function connectionOf(room: number, written: Buffer[] = []): Connection {
  const write = (bytes: Uint8Array, start = 0, end = bytes.length) => {
    written.push(Buffer.from(bytes.subarray(start, end)));
    return --room > 0;
  };
  return { write, writeShared: write } as unknown as Connection;
}

test('field report B6: megabytes that twenty learners wait for count once', () => {
  const backlog = new LearnerBacklog(clock);
  const learners = Array.from({ length: 20 }, () => new Learner(backlog));
  for (let n = 0; n < 50; n++) {
    const proposal = Buffer.alloc(MEBIBYTE);
    for (const { queue } of learners) queue.push(PacketType.PROPOSAL, proposal, 1);
  }
  assert.ok(backlog.bytes < 51 * MEBIBYTE, `${backlog.bytes}`);
  for (const { queue } of learners.slice(1)) queue.clear();
  assert.ok(backlog.bytes > 50 * MEBIBYTE, 'as long as one waits');
  learners[0]!.queue.clear();
  assert.is(backlog.bytes, 0);
});

test('a small packet counts with the block of memory that it keeps alive', () => {
  const backlog = new LearnerBacklog(clock);
  const block = Buffer.alloc(8192);
  const { queue } = new Learner(backlog);
  queue.push(PacketType.COMMIT, block.subarray(100, 120), 1);
  assert.ok(backlog.bytes > 8192);
  queue.push(PacketType.COMMIT, block.subarray(200, 220), 1);
  assert.ok(backlog.bytes < 2 * 8192, 'once');
});

test('above the bound the learner with the oldest packet gives its queue up first, and no more learners than needed', () => {
  const backlog = new LearnerBacklog(clock, 10 * MEBIBYTE);
  const [slow, slower, fast] = [new Learner(backlog), new Learner(backlog), new Learner(backlog)];
  const push = (learners: readonly Learner[]) => {
    const bytes = Buffer.alloc(MEBIBYTE);
    for (const { queue } of learners) queue.push(PacketType.PROPOSAL, bytes, 1);
  };
  push([slower, slow]);
  slow.queue.sendTo(connectionOf(99));
  for (let n = 0; n < 8; n++) push([slow, slower]);
  stall();
  push([slow, slower, fast]);
  assert.equal([slow.givenUp, slower.givenUp, fast.givenUp], [0, 1, 0]);
  for (let n = 0; n < 2; n++) push([slow, fast]);
  assert.equal([slow.givenUp, slower.givenUp, fast.givenUp], [1, 1, 0]);
  assert.ok(fast.queue.packets === 3 && backlog.bytes <= 10 * MEBIBYTE);
});

test('field report B5: a learner that goes on reading is spared up to twice the bound, for all 5 s and no longer', () => {
  const backlog = new LearnerBacklog(clock, 10 * MEBIBYTE);
  const [moving, stalled, held] = [new Learner(backlog), new Learner(backlog), new Learner(backlog)];
  const push = (learners: readonly Learner[], mebibytes: number) => {
    for (let n = 0; n < mebibytes; n++) {
      const bytes = Buffer.alloc(MEBIBYTE);
      for (const { queue } of learners) queue.push(PacketType.PROPOSAL, bytes, 1);
    }
  };
  const cut = () => [moving, stalled, held].map(({ givenUp }) => givenUp > 0);
  held.isHeld = true;
  push([moving, stalled, held], 11);
  assert.equal(cut(), [false, false, true], 'the log has what was held; the others have only begun to wait');
  stall();
  moving.queue.sendTo(connectionOf(1));
  push([moving, stalled], 1);
  assert.equal(cut(), [false, true, true], 'one byte in 5 s is enough');
  push([moving], 8);
  assert.equal(cut(), [false, true, true]);
  push([moving], 1);
  assert.equal(cut(), [true, true, true], `${MOVING_LIMITS_MAX} times the bound is the most`);
});

test('twenty thousand packets above the bound do not examine each of a thousand learners each time', () => {
  const backlog = new LearnerBacklog(clock, 1_000_000);
  let looks = 0;
  const queues = Array.from(
    { length: 1_000 },
    () => new LearnerQueue(backlog, { isSpare: () => ++looks > 0, isHeld: () => false, onGivenUp() {} }),
  );
  const packet = Buffer.from(new ArrayBuffer(100));
  for (let n = 0; n < 20; n++) for (const queue of queues) queue.push(PacketType.COMMIT, packet, 1);
  assert.ok(looks > 0 && looks <= 16_000, `${looks}`);
});

test('a voter that the quorum needs keeps what waits for it; the others lose theirs', () => {
  const backlog = new LearnerBacklog(clock, 2 * MEBIBYTE);
  const [needed, other] = [new Learner(backlog), new Learner(backlog)];
  needed.isSpare = false;
  for (let n = 0; n < 5; n++) {
    const bytes = Buffer.alloc(MEBIBYTE);
    for (const { queue } of [needed, other]) queue.push(PacketType.PROPOSAL, bytes, 1);
    stall();
  }
  assert.is(needed.queue.packets, 5);
  assert.is(needed.givenUp, 0);
  assert.ok(other.givenUp > 0);
});

test('an INFORM is sent from the bytes of its PROPOSAL', () => {
  const { queue } = new Learner(new LearnerBacklog(clock));
  const written: Buffer[] = [];
  queue.push(PacketType.INFORM, Buffer.from([0, 0, 0, 2, 7, 8, 9]), 1);
  assert.ok(queue.sendTo(connectionOf(9, written)));
  assert.equal([...Buffer.concat(written)], [0, 0, 0, PacketType.INFORM, 7, 8, 9]);
});

test('memory is counted exactly as long as a queue holds it, whatever is queued, sent and dropped', () => {
  const step = fc.record({
    queue: fc.nat(3),
    act: fc.constantFrom('push', 'push', 'send', 'clear'),
    block: fc.nat(4),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), steps => {
      const backlog = new LearnerBacklog(clock);
      const blocks = Array.from({ length: 5 }, (_, n) => Buffer.alloc(100 * (n + 1)));
      const queues = Array.from({ length: 4 }, () => new Learner(backlog).queue);
      const naive: number[][] = queues.map(() => []);
      for (const { queue, act, block } of steps) {
        if (act === 'push') {
          queues[queue]!.push(PacketType.COMMIT, blocks[block]!.subarray(0, 10), 1);
          naive[queue]!.push(block);
        } else if (act === 'send') {
          queues[queue]!.sendTo(connectionOf(1));
          naive[queue]!.shift();
        } else {
          queues[queue]!.clear();
          naive[queue] = [];
        }
        const held = naive.flat();
        const distinct = [...new Set(held)].reduce((sum, at) => sum + 100 * (at + 1), 0);
        assert.is(backlog.bytes, distinct + 96 * held.length);
        assert.equal(
          queues.map(({ packets, bytes }) => [packets, bytes]),
          naive.map(({ length }) => [length, 10 * length]),
        );
      }
    }),
  );
});
