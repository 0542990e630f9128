import { assert, suite } from '#test';
import { ZkClientError } from '../../../bench/load/client/client-error.ts';
import { ErrorCode } from '../../../server/wire/error-codes.ts';
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

test('a node that a session took with it, after it was listed, has all members read again', async () => {
  const read = readings([9, 9]);
  let reads = 0;
  const states = await readUntilSame(60_000, async () => {
    if (reads++ === 0) throw gone();
    return read();
  });
  assert.equal(zxidsOf(states), [9, 9]);
});

test('a node that stays listed without being there is an error at the deadline', async () => {
  const read = async () => {
    await new Promise(resolve => setImmediate(resolve));
    throw gone();
  };
  const error = await readUntilSame(5, read).catch((error: Error) => error.message);
  assert.is(error, 'NONODE: getData /w/q');
});

const gone = () => new ZkClientError(ErrorCode.NONODE, 'getData', '/w/q');
