import { assert, suite } from '#test';
import {
  COUNTER_MAX,
  counterOf,
  EPOCH_MAX,
  epochOf,
  follows,
  makeZxid,
  zxidToBareHex,
  zxidToHex,
} from './zxid.ts';

const test = suite('wire: zxids');

test('a zxid is epoch and counter, exact to the last of both', () => {
  for (const [epoch, counter] of [
    [0, 0],
    [0, 1],
    [1, 0],
    [1, COUNTER_MAX],
    [EPOCH_MAX, COUNTER_MAX],
  ] as const) {
    const zxid = makeZxid(epoch, counter);
    assert.ok(Number.isSafeInteger(zxid));
    assert.equal([epochOf(zxid), counterOf(zxid)], [epoch, counter]);
  }
  assert.throws(() => makeZxid(EPOCH_MAX + 1, 0), /epoch 2097152 is above 2097151/);
});

test('a transaction follows the one before it, or is the first of a later epoch; nothing else does', () => {
  const cases: readonly [next: number, previous: number, follows: boolean][] = [
    [makeZxid(1, 2), makeZxid(1, 1), true],
    [makeZxid(1, 1), 0, true],
    [makeZxid(3, 1), makeZxid(1, 77), true],
    [makeZxid(1, 3), makeZxid(1, 1), false],
    [makeZxid(1, 1), makeZxid(1, 1), false],
    [makeZxid(1, 1), makeZxid(1, 2), false],
    [makeZxid(2, 2), makeZxid(1, 77), false],
    [makeZxid(1, 1), makeZxid(2, 5), false],
  ];
  for (const [next, previous, expected] of cases) {
    assert.is(follows(next, previous), expected, `${zxidToHex(next)} after ${zxidToHex(previous)}`);
  }
});

test('hexadecimal as upstream prints it: negative ones as two’s complement', () => {
  assert.is(zxidToHex(0), '0x0');
  assert.is(zxidToHex(makeZxid(1, 1)), '0x100000001');
  assert.is(zxidToBareHex(makeZxid(0x1f_ffff, COUNTER_MAX)), '1fffffffffffff');
  assert.is(zxidToHex(-1), '0xffffffffffffffff');
});
