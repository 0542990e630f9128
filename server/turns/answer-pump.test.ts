import { assert, suite } from '#test';
import { Guard } from '../metrics/guard.ts';
import { Metrics } from '../metrics/metrics.ts';
import type { LogFields, Logger } from '../runtime/logging/logger.ts';
import { VirtualClock } from '../runtime/virtual/virtual-clock.ts';
import { VirtualTime } from '../runtime/virtual/virtual-time.ts';
import { ANSWERS_MAX, AnswerPump, type AnswerSink, PATIENCE_MS, TOO_MANY_ANSWERS } from './answer-pump.ts';
import { TURN_UNITS } from './turn-budget.ts';
import { TurnQueue } from './turn-queue.ts';

const test = suite('admin: answers made while they are sent');

/** A reader that takes everything, or nothing. */
class Reader implements AnswerSink {
  text = '';
  /** "end", or the reason why it got no more. */
  ended: string | null = null;
  keepsUp: boolean;

  constructor(keepsUp = true) {
    this.keepsUp = keepsUp;
  }

  write(text: string): boolean {
    this.text += text;
    return this.keepsUp;
  }

  end(): void {
    this.ended = 'end';
  }

  fail(reason: string): void {
    this.ended = reason;
  }

  refuse(reason: string): void {
    this.ended = reason;
  }
}

function rig() {
  const time = new VirtualTime();
  const clock = new VirtualClock(time);
  const metrics = new Metrics();
  const lines: { message: string; fields: LogFields }[] = [];
  const logger = { error: (message: string, fields: LogFields) => lines.push({ message, fields }) };
  const guard = new Guard({ clock, metrics, logger: logger as unknown as Logger });
  const pump = new AnswerPump({ turns: new TurnQueue(clock), clock, guard });
  const failures = () => metrics.counter('guarded_failure_count').value;
  return { time, clock, pump, lines, failures };
}

function* lines(count: number, line = `${'x'.repeat(99)}\n`): Generator<string> {
  for (let i = 0; i < count; i++) yield line;
}

test('field report B1: a short answer is complete at once, and a long one leaves turns to other work', () => {
  const { time, clock, pump } = rig();
  const short = new Reader();
  pump.answer('short', lines(3), short);
  assert.equal([short.text.length, short.ended], [300, 'end']);

  const long = Array.from({ length: 10 }, () => new Reader());
  for (const reader of long) pump.answer('long', lines(100_000), reader);
  const perTurn: number[] = [];
  const sent = () => long.reduce((sum, { text }) => sum + text.length, 0);
  let before = sent();
  const watch = (): void => {
    perTurn.push(sent() - before);
    before = sent();
    if (long.some(({ ended }) => ended === null)) clock.after(0, watch);
  };
  watch();
  time.advance(1000);
  assert.equal([...new Set(long.map(({ text, ended }) => `${text.length} ${ended}`))], ['10000000 end']);
  const charsMax = TURN_UNITS * 100 + 10 * 64 * 1024;
  assert.ok(Math.max(...perTurn) <= charsMax, `${Math.max(...perTurn)} characters in one turn`);
  assert.ok(perTurn.length > 100, `${perTurn.length} turns`);
});

test('field report B1: long answers progress together, and none waits for another to end', () => {
  const { time, clock, pump } = rig();
  const readers = [1, 2, 3].map(() => new Reader());
  for (const reader of readers) pump.answer('long', lines(50_000), reader);
  let apartMax = 0;
  const watch = (): void => {
    const made = readers.map(({ text }) => text.length);
    apartMax = Math.max(apartMax, Math.max(...made) - Math.min(...made));
    if (readers.some(({ ended }) => ended === null)) clock.after(0, watch);
  };
  watch();
  time.advance(1000);
  assert.ok(apartMax <= 2 * TURN_UNITS * 100, `one was ${apartMax} characters ahead`);
});

test('field report B4: an answer is made no faster than it is read, and a slow reader gets all of it', () => {
  const { time, pump } = rig();
  const reader = new Reader(false);
  let made = 0;
  const counted = function* (): Generator<string> {
    for (const line of lines(5000)) {
      made++;
      yield line;
    }
  };
  const answer = pump.answer('long', counted(), reader);
  time.advance(100);
  const atFirst = made;
  assert.ok(atFirst * 100 <= 80 * 1024, `${atFirst} lines for a reader that took nothing`);
  for (let i = 0; i < 500 && reader.ended === null; i++) {
    answer.drained();
    time.advance(60_000);
  }
  assert.equal([reader.text.length, reader.ended], [500_000, 'end']);
});

test('field report B1: the number of long answers under way is limited; short ones are always given', () => {
  const { time, pump } = rig();
  const stalled = Array.from({ length: ANSWERS_MAX }, () => new Reader(false));
  for (const reader of stalled) {
    pump.answer('long', lines(5000), reader);
    time.advance(10);
  }
  assert.is(pump.underWay, ANSWERS_MAX);
  const refused = new Reader();
  pump.answer('long', lines(5000), refused);
  time.advance(10);
  assert.equal([refused.text, refused.ended], ['', TOO_MANY_ANSWERS]);
  const short = new Reader();
  pump.answer('short', lines(500), short);
  time.advance(10);
  assert.is(short.ended, 'end');

  time.advance(PATIENCE_MS);
  const late = new Reader();
  pump.answer('long', lines(5000), late);
  time.advance(100);
  assert.is(late.ended, 'end');
  const cut = stalled.filter(({ ended }) => ended !== null);
  assert.equal([cut.length, cut[0] === stalled[0]], [1, true], 'the one that waited longest made room');
  assert.match(cut[0]!.ended!, /cut short: it waits for a reader/);
});

test('a failing answer is counted, and logged with its code at a limited rate; its reader learns that it failed, not why', () => {
  const { time, pump, lines: logged, failures } = rig();
  for (const before of [0, 3, 2000]) {
    const reader = new Reader();
    const planted = (function* (): Generator<string> {
      yield* lines(before);
      throw new Error('planted: /secret/path');
    })();
    pump.answer('the word abcd', planted, reader);
    time.advance(10);
    assert.is(reader.ended, 'the word abcd failed (ZK_GUARD), and the log of the server says why');
    assert.ok(!reader.text.includes('secret'));
  }
  assert.is(failures(), 3);
  assert.is(logged.length, 1, 'one line in ten seconds');
  assert.match(logged[0]!.message, /^the word abcd failed, and the server goes on without it: .*planted/);
  assert.equal([logged[0]!.fields.code, logged[0]!.fields.failuresNotLogged], ['ZK_GUARD', 0]);
  time.advance(10_000);
  pump.answer('the word abcd', failing(), new Reader());
  assert.is(logged[1]!.fields.failuresNotLogged, 2);
});

function* failing(): Generator<string> {
  yield '';
  throw new Error('planted');
}

test('the resources of an answer are released when its reader goes away, and when the server stops', () => {
  const { time, pump } = rig();
  let open = 0;
  const holding = function* (): Generator<string> {
    open++;
    try {
      yield* lines(100_000);
    } finally {
      open--;
    }
  };
  const gone = pump.answer('long', holding(), new Reader(false));
  const stopped = new Reader(false);
  pump.answer('long', holding(), stopped);
  time.advance(10);
  assert.is(open, 2);
  gone.readerGone();
  assert.is(open, 1);
  pump.close();
  assert.is(open, 0);
  assert.match(stopped.ended!, /the server stops/);
  time.advance(10);
  assert.is(pump.underWay, 0);
});
