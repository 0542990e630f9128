import { assert, suite } from '#test';
import { VirtualClock } from '../runtime/virtual/virtual-clock.ts';
import { VirtualTime } from '../runtime/virtual/virtual-time.ts';
import { TurnQueue } from '../turns/turn-queue.ts';
import { RequestLine, type RequestSender } from './request-line.ts';

const test = suite('quorum: requests of learners that wait for room');

const KIB = 1024;
const LIMITS = { heldBytes: 10 * KIB, othersBytesMax: 40 * KIB, voterBytesMax: 80 * KIB };
/** One KiB, together with what an entry takes besides. */
const REQUEST_BYTES = 512;

class Sender implements RequestSender {
  isHeld = false;
  closed: string | null = null;
  holdRequests(): void {
    this.isHeld = true;
  }
  releaseRequests(): void {
    this.isHeld = false;
  }
  close(reason: string): void {
    this.closed = reason;
  }
}

function lineWith(room: { left: number }) {
  const time = new VirtualTime();
  const turns = new TurnQueue(new VirtualClock(time));
  const line = new RequestLine({ turns, hasRoom: () => room.left > 0 }, LIMITS);
  const done: string[] = [];
  const ask = (sender: Sender, name: string, isVoter = false) => {
    const run = () => {
      room.left--;
      done.push(name);
    };
    if (line.isNeeded) line.wait(sender, isVoter, REQUEST_BYTES, run);
    else run();
  };
  const goOn = () => {
    line.goOn();
    time.advance(10);
  };
  return { line, done, ask, goOn };
}

test('B5: requests are taken in order of arrival while there is room; later ones wait behind them', () => {
  const room = { left: 1 };
  const { line, done, ask, goOn } = lineWith(room);
  const [a, b] = [new Sender(), new Sender()];
  for (const [sender, name] of [
    [a, '1'],
    [b, '2'],
    [a, '3'],
  ] as const)
    ask(sender, name);
  assert.equal(done, ['1']);
  room.left = 1;
  ask(b, '4');
  assert.equal(done, ['1'], 'there is room, and others come first');
  goOn();
  assert.equal(done, ['1', '2']);
  room.left = 10;
  goOn();
  assert.equal(done, ['1', '2', '3', '4']);
  assert.equal([line.length, line.bytes], [0, 0]);
  ask(a, '5');
  assert.is(done.at(-1), '5');
});

test('B5: above one bound a non-voter is not read from until its own requests are taken; above the next it is closed', () => {
  const room = { left: 0 };
  const { line, ask, goOn } = lineWith(room);
  const early = new Sender();
  for (let n = 0; n < 10; n++) ask(early, 'early');
  assert.not.ok(early.isHeld);
  const late = new Sender();
  ask(late, 'late');
  assert.ok(late.isHeld);
  assert.not.ok(early.isHeld, 'it has added nothing since');
  room.left = 10;
  goOn();
  assert.ok(late.isHeld, 'its own still waits');
  room.left = 1;
  goOn();
  assert.not.ok(late.isHeld);
  const strangers = Array.from({ length: 60 }, () => new Sender());
  for (const stranger of strangers) ask(stranger, 'one each');
  assert.is(strangers.filter(({ closed }) => closed !== null).length, 60 - 40);
  assert.ok(line.bytes <= 60 * KIB);
});

test('B5: a voter is never held, since its acks come behind its requests; strangers do not use up its own bound', () => {
  const room = { left: 0 };
  const { ask } = lineWith(room);
  const [voter, stranger] = [new Sender(), new Sender()];
  for (let n = 0; n < 60; n++) ask(stranger, 'stranger');
  for (let n = 0; n < 80; n++) ask(voter, 'voter', true);
  assert.equal([voter.isHeld, voter.closed], [false, null]);
  ask(voter, 'voter', true);
  assert.match(voter.closed!, /bytes of its requests wait for a quorum/);
});
