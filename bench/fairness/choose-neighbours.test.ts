import { assert, suite } from '#test';
import { chooseNeighbours, NEIGHBOUR_NAMES } from './fairness-round.ts';

const test = suite('bench fairness: --only');

test('neighbours are chosen by name, in their own order; without a choice all are measured', () => {
  assert.equal(chooseNeighbours('storm, largeWrites'), ['largeWrites', 'storm']);
  assert.equal(chooseNeighbours(undefined), NEIGHBOUR_NAMES);
});

test('an unknown name is refused, and the message has all names', () => {
  assert.throws(
    () => chooseNeighbours('largeWrite'),
    /neighbours "largeWrite": unknown largeWrite; accepted are walks, lists, .*, largeWrites, .*, crowd/,
  );
  assert.throws(() => chooseNeighbours(''), /unknown \(none given\)/);
});
