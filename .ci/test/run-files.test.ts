import { assert, suite } from '#test';
import type { TestFile } from './find-tests.ts';
import { takeNext } from './run-files.ts';

const test = suite('test runner: which file comes next');

const file = (name: string): TestFile => ({ name, path: name, ensemble: true });
/** The name of each is the number of cores that it keeps busy. */
const cores = { max: 2, usedBy: ({ name }: TestFile) => Number(name) };
const next = (waiting: string[], ...running: string[]) =>
  takeNext(waiting.map(file), running.map(file), cores)?.name;

test('the first that fits beside those that run', () => {
  assert.is(next(['0.5', '0.25', '0.1'], '1', '0.75'), '0.25');
  assert.is(next(['0.9', '0.2'], '1'), '0.9');
});

test('none while none fits', () => {
  assert.is(next(['0.9', '0.5'], '1', '0.8'), undefined);
});

test('the first of all when nothing runs, though it needs more than there is', () => {
  assert.is(next(['3', '0.1']), '3');
  assert.is(next([]), undefined);
});

test('a file is taken once', () => {
  const waiting = ['1', '1'].map(file);
  takeNext(waiting, [], cores);
  takeNext(waiting, [file('1')], cores);
  assert.equal(waiting, []);
});

test('without a budget the order alone decides', () => {
  assert.is(takeNext([file('5')], [file('5')])?.name, '5');
});
