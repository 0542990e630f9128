import { assert, suite } from '#test';
import { readUntilSame } from './judge-workload.ts';

const test = suite('workloads: the members at the end');

const readings = (...all: number[][]) => {
  const left = all.map(zxids => zxids.map(zxid => ({ zxid })));
  return async () => (left.length > 1 ? left.shift()! : left[0]!);
};
const zxidsOf = (states: readonly { zxid: number }[]) => states.map(({ zxid }) => zxid);

test('a session that expires between two members has all members read again', async () => {
  const states = await readUntilSame(60_000, readings([7, 7, 9], [9, 9, 9]));
  assert.equal(zxidsOf(states), [9, 9, 9]);
});

test('a difference that stays is returned at the deadline', async () => {
  const read = readings([7, 9]);
  const slowly = async () => {
    await new Promise(resolve => setImmediate(resolve));
    return read();
  };
  assert.equal(zxidsOf(await readUntilSame(5, slowly)), [7, 9]);
});
