import { assert, suite } from '#test';
import { repetitions } from './repetitions.ts';

const test = suite('tests: repetitions');

test('ZKLAB_TEST_REPEAT multiplies what a test repeats; anything but a whole number from 1 on is refused', () => {
  assert.is(repetitions(20, ''), 20);
  assert.is(repetitions(20, '5'), 100);
  for (const text of ['0', '-1', '1.5', 'many'])
    assert.throws(() => repetitions(20, text), /ZKLAB_TEST_REPEAT=.*: give a whole number from 1 on/);
});
