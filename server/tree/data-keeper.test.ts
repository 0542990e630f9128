import { assert, suite } from '#test';
import { DataKeeper, OWN_MEMORY_BYTES_MIN, SLAB_BYTES } from './data-keeper.ts';

const test = suite('tree: memory of node data');

test('null data stays null, and empty data stays empty', () => {
  const keeper = new DataKeeper();
  assert.is(keeper.keep(null), null);
  assert.is(keeper.keep(Buffer.alloc(100).subarray(7, 7))!.length, 0);
});

test('bytes are kept, and the chunk they came in is not', () => {
  const keeper = new DataKeeper();
  const chunk = Buffer.from(Array.from({ length: 64 * 1024 }, (_, i) => (i * 31) & 0xff));
  for (const length of [1, 64, 65, 100, OWN_MEMORY_BYTES_MIN - 1, OWN_MEMORY_BYTES_MIN, 40_000]) {
    for (const start of [0, 13]) {
      const part = chunk.subarray(start, start + length);
      const kept = keeper.keep(part)!;
      assert.equal(kept, part);
      assert.is.not(kept.buffer, chunk.buffer);
      assert.ok(kept.buffer.byteLength <= Math.max(SLAB_BYTES, length), `${length} bytes`);
    }
  }
});

test('kept data does not change with the chunk or with data that is kept later', () => {
  const keeper = new DataKeeper();
  const chunk = Buffer.alloc(300, 1);
  const kept = Array.from({ length: 100 }, (_, i) => {
    chunk.fill(i);
    return keeper.keep(chunk.subarray(100, 250))!;
  });
  for (const [i, data] of kept.entries()) assert.equal(data, Buffer.alloc(150, i));
});

test('data that has its memory to itself is taken as it is', () => {
  const own = Buffer.alloc(2000, 7);
  assert.is(new DataKeeper().keep(own), own);
});

test('data with little else in their memory stay where they are; with more around them they are copied', () => {
  const keeper = new DataKeeper();
  for (const [length, around, stays] of [
    [100_000, 128, true],
    [8_000, 1_000, true],
    [8_000, 1_001, false],
    [OWN_MEMORY_BYTES_MIN, OWN_MEMORY_BYTES_MIN / 8, true],
    [OWN_MEMORY_BYTES_MIN - 1, 1, false],
  ] as const) {
    const data = Buffer.from(new ArrayBuffer(length + around)).subarray(around, around + length);
    assert.is(keeper.keep(data) === data, stays, `${length} of ${length + around} bytes`);
  }
});
