import { assert, suite } from '#test';
import { VirtualClock } from '../runtime/virtual/virtual-clock.ts';
import { Units } from '../turns/turn-budget.ts';
import { TurnQueue } from '../turns/turn-queue.ts';
import type { TxnPacket } from '../wire/txn-packet.ts';
import { COMMITTED_BYTES_MAX, CommittedLine } from './committed-line.ts';

const test = suite('quorum: a learner’s line of committed transactions');

const PER_TURN = 4;
/** All transactions share this buffer: nothing reads its content. */
const MEGABYTE = Buffer.alloc(1024 * 1024);

/** A line in which each transaction takes a quarter of a turn's budget. */
class Play {
  readonly clock = new VirtualClock();
  readonly did: string[] = [];
  mayApply = true;
  readonly line: CommittedLine;

  constructor() {
    const turns = new TurnQueue(this.clock, PER_TURN * Units.write);
    this.line = new CommittedLine(
      { clock: this.clock, turns },
      {
        apply: packet => {
          this.did.push(`${packet.zxid}`);
          turns.applying.spend(Units.write);
        },
        mayApply: () => this.mayApply,
        onFull: () => void this.did.push('full'),
        onRelaxed: () => void this.did.push('relaxed'),
      },
    );
  }

  /** Runs `body` in one turn, as if its packets arrived together. */
  turn(body: () => void): void {
    this.clock.after(0, body);
    this.clock.time.step();
  }
}

function packet(zxid: number, bytes = Buffer.alloc(0)): TxnPacket {
  return { zxid, bytes };
}

test('field report B1: a chunk of commits is applied up to a turn’s budget at once, the rest in order in later turns', () => {
  const play = new Play();
  play.turn(() => {
    for (let zxid = 1; zxid <= 10; zxid++) play.line.commit(packet(zxid));
    assert.equal(play.did, ['1', '2', '3', '4'], 'at once');
  });
  const perTurn: number[] = [];
  for (let before = play.did.length; play.clock.time.step(); before = play.did.length)
    perTurn.push(play.did.length - before);
  assert.equal(perTurn, [4, 2]);
  assert.equal(play.did, ['1', '2', '3', '4', '5', '6', '7', '8', '9', '10']);
  assert.is(play.line.bytes, 0);
});

test('answers keep their place among the commits, and later arrivals queue behind what waits', () => {
  const play = new Play();
  play.turn(() => {
    play.line.behind(() => play.did.push('first'));
    for (let zxid = 1; zxid <= 11; zxid++) play.line.commit(packet(zxid));
    play.line.behind(() => play.did.push('answer'));
    play.line.commit(packet(12));
  });
  play.clock.after(0, () => {
    assert.ok(play.line.length > 0);
    play.line.commit(packet(13));
  });
  play.clock.runUntilIdle();
  const [upTo11, behind] = ['1 2 3 4 5 6 7 8 9 10 11', '12 13'].map(text => text.split(' '));
  assert.equal(play.did, ['first', ...upTo11!, 'answer', ...behind!]);
});

test('above COMMITTED_BYTES_MAX the master has to wait, until half of the backlog is applied', () => {
  const play = new Play();
  const bytesAt: number[] = [];
  const count = COMMITTED_BYTES_MAX / MEGABYTE.length + PER_TURN;
  play.turn(() => {
    for (let zxid = 1; zxid <= count; zxid++) {
      play.line.commit(packet(zxid, MEGABYTE));
      if (play.did.includes('full')) bytesAt.push(play.line.bytes);
    }
  });
  assert.is(bytesAt.length, 1, 'full once, at the last of them');
  assert.ok(bytesAt[0]! > COMMITTED_BYTES_MAX && bytesAt[0]! < COMMITTED_BYTES_MAX + 2 * MEGABYTE.length);
  play.clock.time.runUntil(() => {
    if (play.did.includes('relaxed')) bytesAt.push(play.line.bytes);
    return bytesAt.length > 1;
  }, 1000);
  assert.ok(bytesAt[1]! <= COMMITTED_BYTES_MAX / 2);
  assert.ok(bytesAt[1]! > COMMITTED_BYTES_MAX / 2 - (PER_TURN + 1) * MEGABYTE.length);
  play.clock.runUntilIdle();
  assert.equal(
    play.did.filter(line => !/\d/.test(line)),
    ['full', 'relaxed'],
  );
});

test('small transactions count with the memory they take, which is more than their bytes', () => {
  const play = new Play();
  play.turn(() => {
    for (let zxid = 1; zxid <= COMMITTED_BYTES_MAX / 100 && !play.did.includes('full'); zxid++)
      play.line.commit(packet(zxid));
  });
  assert.ok(play.did.includes('full'));
});

test('a stopped line forgets what waits and calls nobody any more', () => {
  const play = new Play();
  play.turn(() => {
    for (let zxid = 1; zxid <= 6; zxid++) play.line.commit(packet(zxid));
    play.line.behind(() => play.did.push('answer'));
    play.line.stop();
  });
  play.clock.runUntilIdle();
  assert.equal(play.did, ['1', '2', '3', '4']);
  assert.is(play.line.length, 0);
});

test('field report B5: nothing is applied while watchers must be told first, and all of it in order after that', () => {
  const play = new Play();
  play.mayApply = false;
  play.turn(() => {
    for (let zxid = 1; zxid <= 6; zxid++) play.line.commit(packet(zxid));
    play.line.behind(() => void play.did.push('answer'));
  });
  for (let turn = 0; turn < 10; turn++) play.clock.time.step();
  assert.equal(play.did, []);
  play.mayApply = true;
  play.clock.time.step();
  assert.equal(play.did, ['1', '2', '3', '4']);
  play.mayApply = false;
  play.clock.time.step();
  assert.is(play.did.length, 4);
  play.mayApply = true;
  play.clock.advance(0);
  assert.equal(play.did, ['1', '2', '3', '4', '5', '6', 'answer']);
});
