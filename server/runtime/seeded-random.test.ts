import { assert, suite } from '#test';
import { SeededRandom } from './seeded-random.ts';

const test = suite('runtime: randomness from a seed');

function draws(random: SeededRandom, count = 20): number[] {
  return Array.from({ length: count }, () => random.uint32());
}

test('the same seed gives the same numbers, another seed others', () => {
  assert.equal(draws(new SeededRandom(7)), draws(new SeededRandom(7)));
  assert.is.not(draws(new SeededRandom(7)).join(), draws(new SeededRandom(8)).join());
});

test('a fork does not depend on what was drawn before, only on its name', () => {
  const fresh = new SeededRandom(7);
  const used = new SeededRandom(7);
  draws(used);
  assert.equal(draws(fresh.fork('disk')), draws(used.fork('disk')));
  assert.is.not(draws(fresh.fork('disk')).join(), draws(fresh.fork('network')).join());
});

test('neighbouring seeds are unrelated: bits differ in half of all places', () => {
  let differing = 0;
  for (let seed = 0; seed < 200; seed++) {
    let bits = new SeededRandom(seed).uint32() ^ new SeededRandom(seed + 1).uint32();
    for (; bits !== 0; bits &= bits - 1) differing++;
  }
  assert.ok(Math.abs(differing / 200 - 16) < 1.5, `${differing / 200} of 32 bits differ on average`);
});

test('below() covers its range evenly and stays inside', () => {
  const random = new SeededRandom('even');
  const counts = [0, 0, 0, 0, 0];
  for (let i = 0; i < 50_000; i++) counts[random.below(5)]!++;
  for (const count of counts) assert.ok(Math.abs(count - 10_000) < 500, `${counts}`);
});

test('chance() of 0 never and of 1 always comes true', () => {
  const random = new SeededRandom('edge');
  for (let i = 0; i < 1000; i++) {
    assert.not(random.chance(0));
    assert.ok(random.chance(1));
  }
});

test('pick() refuses an empty list; shuffled() keeps every item', () => {
  const random = new SeededRandom(1);
  assert.throws(() => random.pick([]), /nothing to pick/);
  assert.equal(random.shuffled([1, 2, 3, 4]).sort(), [1, 2, 3, 4]);
});
