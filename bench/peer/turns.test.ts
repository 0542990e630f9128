import { assert, suite } from '#test';
import { EventBus, type EventSink, NO_EVENTS, type RunEvent } from '../../results/events.ts';
import { LoadError } from '../load/load-error.ts';
import { EnsembleError } from '../topology/ensemble-error.ts';
import type { PerSide, Readings, Side } from './servers.ts';
import { orderOf, takeTurns, turnsLimit } from './turns.ts';

const test = suite('bench peer: turns');
const BOTH: PerSide<Readings> = { first: { fresh: 1 }, second: { fresh: 2 } };
const NAMES = { first: 'zklab', second: 'apache' };

interface Scripted {
  readonly order: Side[];
  readonly measured: ReturnType<typeof takeTurns>;
}

/** Each measurement is the number of turns before it: a trend and nothing else. */
function trend(
  count: number,
  once = BOTH,
  abortAfter = Number.POSITIVE_INFINITY,
  events: EventSink = NO_EVENTS,
): Scripted {
  const order: Side[] = [];
  const ending = new AbortController();
  const measured = takeTurns(count, {
    async measure(side) {
      order.push(side);
      if (order.length === abortAfter) ending.abort();
      return { readings: { drift: order.length }, voidReasons: [], driverLagMs: 0 };
    },
    rested: async side => ({ restedAfter: order.length, waited: order.length - order.lastIndexOf(side) - 1 }),
    once,
    names: NAMES,
    name: 'peer',
    events,
    signal: ending.signal,
  });
  return { order, measured };
}

test('a round in which a member ended is dropped and named; what was measured stays, and the rounds go on', async () => {
  const found: string[] = [];
  let now = 0;
  const { rounds, voidReasons } = await takeTurns(4, {
    async measure(side) {
      if (now === 2 && side === 'first') {
        found.push('zklab, v2 ended by itself with signal SIGKILL');
        throw new Error('connect ECONNREFUSED');
      }
      if (now === 3) throw new LoadError('the load driver ended');
      return { readings: { n: 1 }, voidReasons: [], driverLagMs: 0 };
    },
    recover: async () => found.splice(0),
    once: { first: {}, second: {} },
    names: NAMES,
    name: 'peer',
    events: {
      emit(event) {
        if (event.kind === 'round') now = event.round + 1;
      },
    },
    signal: new AbortController().signal,
  });
  assert.is(rounds.first.length, 2);
  assert.is(rounds.second!.length, 2);
  assert.equal(voidReasons, [
    'round 2: zklab, v2 ended by itself with signal SIGKILL',
    'round 3: the load driver ended',
  ]);
});

test('a member that cannot be brought back ends the turns; what was measured before stays', async () => {
  let turns = 0;
  const { rounds, voidReasons } = await takeTurns(4, {
    async measure() {
      turns += 1;
      return { readings: { n: 1 }, voidReasons: [], driverLagMs: 0 };
    },
    async recover() {
      // After the warm-up and two rounds of both.
      if (turns === 6) throw new EnsembleError('the ensemble was not ready within 9 ms\nmore');
      return [];
    },
    once: { first: {}, second: {} },
    names: NAMES,
    name: 'peer',
    events: NO_EVENTS,
    signal: new AbortController().signal,
  });
  assert.is(rounds.first.length, 1);
  assert.equal(voidReasons, ['ended early, after 1 of 4 rounds: the ensemble was not ready within 9 ms']);
});

test('each server begins every second round, the warm-up included', async () => {
  const { order, measured } = trend(3);
  await measured;
  assert.equal(order, ['second', 'first', 'first', 'second', 'second', 'first', 'first', 'second']);
  assert.equal(orderOf(1, { first: 1 }), ['first']);
  assert.equal(orderOf(2, { first: 1 }), ['first']);
});

test('planted: a steady trend affects both servers alike', async () => {
  const { rounds } = await trend(6).measured;
  const sum = (side: Side) => rounds[side]!.reduce((total, { readings }) => total + readings.drift!, 0);
  assert.is(sum('first'), sum('second'));
});

test('a resting server is read once in each round, when the turn of the other has ended', async () => {
  const { rounds } = await trend(4).measured;
  for (const side of ['first', 'second'] as const)
    for (const { readings } of rounds[side]!) assert.ok(readings.waited! >= 1, JSON.stringify(readings));
  assert.equal(
    rounds.first.map(({ readings }) => readings.restedAfter),
    [4, 5, 8, 9],
  );
  assert.equal(
    rounds.second!.map(({ readings }) => readings.restedAfter),
    [3, 6, 7, 10],
  );
});

test('a single reading appears only in the first round', async () => {
  const { rounds } = await trend(2).measured;
  assert.equal(
    rounds.second!.map(({ readings }) => readings.fresh),
    [2, undefined],
  );
});

test('an end within a round drops that round of both servers', async () => {
  const { rounds, voidReasons } = await trend(3, BOTH, 5).measured;
  assert.equal([rounds.first.length, rounds.second!.length], [1, 1]);
  assert.equal(voidReasons, ['ended early, after 1 of 3 rounds']);
});

test('without Apache no limit mentions turns; an odd number of rounds is reported as uneven', async () => {
  const alone = await trend(2, { first: {} }).measured;
  assert.is(alone.rounds.second, undefined);
  assert.equal(turnsLimit(alone.rounds, NAMES), []);
  assert.not.match(turnsLimit((await trend(2).measured).rounds, NAMES).join(), /odd number/);
  assert.match(turnsLimit((await trend(3).measured).rounds, NAMES).join(), /odd number/);
});

test('events contain every turn and reading with rounds from 0; the warm-up gives no sample', async () => {
  const events: RunEvent[] = [];
  await trend(2, BOTH, undefined, new EventBus([event => events.push(event)])).measured;
  const lines = events.map(event => {
    if (event.kind === 'phase') return event.what;
    if (event.kind === 'round') return `round ${event.round} of ${event.of}`;
    if (event.kind === 'turn') return `${event.topology} ${event.round}`;
    return event.kind === 'sample'
      ? `${event.metric} of ${event.topology} ${event.round}: ${event.value}`
      : '';
  });
  assert.equal(lines.slice(0, 5), [
    'warm-up round, not counted: apache',
    'warm-up round, not counted: zklab',
    'round 0 of 2',
    'zklab 0',
    'apache 0',
  ]);
  assert.ok(
    lines.includes('fresh of apache 0: 2') && lines.includes('drift of zklab 1: 6'),
    lines.join('\n'),
  );
});

test('rounds of a later start go on counting, and begin with its own single readings', async () => {
  const { rounds, voidReasons } = await takeTurns(2, {
    measure: async () => ({ readings: { n: 1 }, voidReasons: ['odd'], driverLagMs: 0 }),
    once: BOTH,
    names: NAMES,
    name: 'ab',
    events: NO_EVENTS,
    signal: new AbortController().signal,
    among: { start: 1, roundsBefore: 2, roundsInAll: 4 },
  });
  assert.equal(
    rounds.first.map(({ start, readings }) => [start, readings.fresh]),
    [
      [1, 1],
      [1, undefined],
    ],
  );
  assert.equal(voidReasons.slice(0, 2), ['round 3, zklab, odd', 'round 3, apache, odd']);
});
