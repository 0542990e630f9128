import { assert, suite } from '#test';
import { fc } from '#test/properties';
import { turnOrder } from './turn-order.ts';

const test = suite('bench/rounds: the order of turns');
const named = (count: number) => Array.from({ length: count }, (_, index) => `t${index}`);

/** For each turn, the sum of its places over some rounds: what a steady trend would add to it. */
function trendOf(turns: readonly string[], rounds: number, order: (round: number) => string[]): number[] {
  return turns.map(turn =>
    Array.from({ length: rounds }, (_, round) => order(round).indexOf(turn)).reduce((sum, at) => sum + at, 0),
  );
}

test('a steady trend within rounds affects all turns alike, for every even number of rounds and every seed', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 1, max: 8 }),
      fc.nat(),
      (count, pairs, seed) => {
        const turns = named(count);
        const sums = trendOf(turns, 2 * pairs, round => turnOrder(turns, round, seed));
        assert.is(new Set(sums).size, 1, sums.join(' '));
      },
    ),
  );
});

test('planted: a turn that is always last is noticed', () => {
  const turns = named(4);
  const lastIsLast = (round: number) => [...turnOrder(turns.slice(0, 3), round, 1), 't3'];
  assert.is(new Set(trendOf(turns, 6, lastIsLast)).size, 2);
});

test('each turn begins a round once in a while; the seed decides which is first', () => {
  const turns = named(4);
  const begin = Array.from({ length: 4 }, (_, pair) => turnOrder(turns, 2 * pair, 7)[0]);
  assert.equal([...begin].sort(), turns);
  const first = new Set(Array.from({ length: 50 }, (_, seed) => turnOrder(turns, 0, seed).join()));
  assert.ok(first.size > 10, 'of 24 orders');
  assert.equal(turnOrder(turns, 3, 7), turnOrder(turns, 3, 7));
});
