import { closeSync, openSync } from 'node:fs';
import { assert, suite } from '#test';
import { descriptorCounter } from './node-descriptors.ts';

const test = suite('runtime: descriptors of the process');

test('an open file counts one, and the limit is above what is open', () => {
  const descriptors = descriptorCounter();
  const before = descriptors();
  const fd = openSync('/dev/null', 'r');
  const during = descriptors();
  closeSync(fd);
  assert.is(during.open, before.open + 1);
  assert.is(descriptors().open, before.open);
  assert.ok(before.max > before.open, `${before.open} of ${before.max}`);
});

test('with no descriptor left all are open, and the limit is the one that was read before', () => {
  const descriptors = descriptorCounter();
  const { max } = descriptors();
  if (max > FEW_ENOUGH) return;
  const taken: number[] = [];
  try {
    for (;;) taken.push(openSync('/dev/null', 'r'));
  } catch (error) {
    assert.is((error as NodeJS.ErrnoException).code, 'EMFILE');
    assert.equal(descriptors(), { open: max, max });
  } finally {
    for (const fd of taken) closeSync(fd);
  }
});

/** The test does not exhaust a limit above this. */
const FEW_ENOUGH = 100_000;
