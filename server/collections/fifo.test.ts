import { assert, suite } from '#test';
import { fc } from '#test/properties';
import { Fifo } from './fifo.ts';

const test = suite('processors: the queue');

test('property: a Fifo is an array with push and shift, however long it gets', () => {
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: 1, max: 90 }) },
    { weight: 6, arbitrary: fc.integer({ min: -90, max: -1 }) },
    { weight: 1, arbitrary: fc.constant(0) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), steps => {
      const fifo = new Fifo<number>();
      let twin: number[] = [];
      let next = 0;
      for (const count of steps) {
        if (count === 0) {
          fifo.clear();
          twin = [];
        }
        for (let i = 0; i < count; i++) {
          fifo.push(next);
          twin.push(next++);
        }
        for (let i = 0; i > count; i--) assert.is(fifo.shift(), twin.shift());
        assert.equal([fifo.length, fifo.peek(), fifo.last()], [twin.length, twin[0], twin.at(-1)]);
        assert.equal([...fifo], twin);
      }
    }),
  );
});
