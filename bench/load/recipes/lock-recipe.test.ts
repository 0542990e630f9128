import { assert, suite } from '#test';
import { turnOf } from './lock-recipe.ts';

const test = suite('load: the lock recipe');

const name = (sequence: number) => `lock-${String(sequence).padStart(10, '0')}`;

test('the lowest number owns the lock', () => {
  assert.is(turnOf(name(4), [name(9), name(4), name(7)]), 'mine');
  assert.is(turnOf(name(4), [name(4)]), 'mine');
});

test('a request waits for the one right before it, in whatever order the server lists them', () => {
  assert.equal(turnOf(name(9), [name(2), name(9), name(7), name(10)]), { before: name(7) });
  assert.equal(turnOf(name(100), [name(100), name(99), name(11)]), { before: name(99) });
});

test('a request whose znode is gone never owns the lock', () => {
  assert.is(turnOf(name(4), []), 'gone');
  assert.is(turnOf(name(4), [name(9), name(3)]), 'gone');
});
