import { assert, suite } from '#test';
import { Units, unitsOfBytes } from '../../turns/turn-budget.ts';
import { OpCode } from '../../wire/opcodes.ts';
import { costOf, isShort, wayOf } from './request-scheduling.ts';

const test = suite('clients: how requests are scheduled');

test('a request waits for those under way, or is submitted, or waits for nothing', () => {
  const ways: Record<string, number[]> = { read: [], submit: [], aside: [] };
  for (const op of Object.values(OpCode)) ways[wayOf(op)]!.push(op);
  assert.equal(ways.aside, [OpCode.auth, OpCode.sasl]);
  for (const op of [OpCode.create, OpCode.delete, OpCode.multi, OpCode.sync, OpCode.closeSession])
    assert.ok(ways.submit!.includes(op), String(op));
  const reads = [OpCode.ping, OpCode.getData, OpCode.exists, OpCode.multiRead, OpCode.setWatches2];
  for (const op of reads) assert.ok(ways.read!.includes(op), String(op));
  assert.is(wayOf(12345), 'read', 'an unknown operation is refused in its place');
});

test('only reads of one node are short', () => {
  const short = Object.values(OpCode).filter(isShort);
  assert.equal(new Set(short), new Set([OpCode.ping, OpCode.getData, OpCode.exists]));
});

test('a write costs its unit and its bytes, a multi a unit for every 16 bytes, a read that waits only its bytes', () => {
  const KIB = 1024;
  assert.is(costOf(OpCode.getData, false, 100), 0);
  assert.is(costOf(OpCode.setWatches, false, 64 * KIB), unitsOfBytes(64 * KIB));
  assert.is(costOf(OpCode.setData, true, 100), Units.write);
  assert.is(costOf(OpCode.setData, true, 64 * KIB), Units.write + unitsOfBytes(64 * KIB));
  assert.is(costOf(OpCode.multi, true, 64 * KIB), Units.write + 4 * KIB);
});
