import { assert, suite } from '#test';
import { fc } from '#test/properties';
import type { Connection } from '../runtime/runtime.ts';
import { PacketType } from '../wire/quorum-packet.ts';
import { LearnerBacklog, LearnerQueue } from './learner-backlog.ts';

const test = suite('quorum: what is kept for learners that do not keep up');

const MEBIBYTE = 1024 * 1024;

class Learner {
  readonly queue: LearnerQueue;
  isSpare = true;
  givenUp = 0;

  constructor(backlog: LearnerBacklog) {
    this.queue = new LearnerQueue(backlog, {
      isSpare: () => this.isSpare,
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
  const backlog = new LearnerBacklog();
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

test('a small packet costs the block of memory that it keeps alive', () => {
  const backlog = new LearnerBacklog();
  const block = Buffer.alloc(8192);
  const { queue } = new Learner(backlog);
  queue.push(PacketType.COMMIT, block.subarray(100, 120), 1);
  assert.ok(backlog.bytes > 8192);
  queue.push(PacketType.COMMIT, block.subarray(200, 220), 1);
  assert.ok(backlog.bytes < 2 * 8192, 'once');
});

test('above the bound the learner with the oldest packet gives its queue up first, and no more learners than needed', () => {
  const backlog = new LearnerBacklog(10 * MEBIBYTE);
  const [slow, slower, fast] = [new Learner(backlog), new Learner(backlog), new Learner(backlog)];
  const push = (learners: readonly Learner[]) => {
    const bytes = Buffer.alloc(MEBIBYTE);
    for (const { queue } of learners) queue.push(PacketType.PROPOSAL, bytes, 1);
  };
  push([slower, slow]);
  slow.queue.sendTo(connectionOf(99));
  for (let n = 0; n < 8; n++) push([slow, slower]);
  push([slow, slower, fast]);
  assert.equal([slow.givenUp, slower.givenUp, fast.givenUp], [0, 1, 0]);
  for (let n = 0; n < 2; n++) push([slow, fast]);
  assert.equal([slow.givenUp, slower.givenUp, fast.givenUp], [1, 1, 0]);
  assert.ok(fast.queue.packets === 3 && backlog.bytes <= 10 * MEBIBYTE);
});

test('a voter that the quorum needs keeps what waits for it; the others lose theirs', () => {
  const backlog = new LearnerBacklog(2 * MEBIBYTE);
  const [needed, other] = [new Learner(backlog), new Learner(backlog)];
  needed.isSpare = false;
  for (let n = 0; n < 5; n++) {
    const bytes = Buffer.alloc(MEBIBYTE);
    for (const { queue } of [needed, other]) queue.push(PacketType.PROPOSAL, bytes, 1);
  }
  assert.is(needed.queue.packets, 5);
  assert.is(needed.givenUp, 0);
  assert.ok(other.givenUp > 0);
});

test('an INFORM is sent from the bytes of its PROPOSAL', () => {
  const { queue } = new Learner(new LearnerBacklog());
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
      const backlog = new LearnerBacklog();
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
