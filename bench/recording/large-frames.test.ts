import { assert, suite } from '#test';
import { LargeFrames } from './large-frames.ts';

const test = suite('recordings: large frames');

function frame(bytes: number, fill: number): Buffer {
  const made = Buffer.alloc(4 + bytes, fill);
  made.writeInt32BE(bytes);
  return made;
}

const SMALL = [frame(3, 1), frame(0, 0), frame(8, 2)];
const STREAM = Buffer.concat([SMALL[0]!, frame(9, 9), SMALL[1]!, SMALL[2]!, frame(20, 9)]);

test('a large frame is left out and counted, wherever the stream is cut', () => {
  for (let first = 0; first <= STREAM.length; first++)
    for (let second = first; second <= STREAM.length; second++) {
      const left: number[] = [];
      const large = new LargeFrames(8, bytes => left.push(bytes));
      const chunks = [STREAM.subarray(0, first), STREAM.subarray(first, second), STREAM.subarray(second)];
      const kept = Buffer.concat(chunks.flatMap(chunk => large.without(chunk)));
      assert.equal(kept, Buffer.concat(SMALL), `cut at ${first} and ${second}`);
      assert.equal(left, [9, 20]);
    }
});

test('the stream may come byte by byte; a length below 0 is left to the reader', () => {
  const large = new LargeFrames(8, () => {});
  assert.equal(
    Buffer.concat([...STREAM].flatMap(byte => large.without(Buffer.of(byte)))),
    Buffer.concat(SMALL),
  );
  assert.equal(new LargeFrames(8, () => {}).without(frame(0, 0).fill(255)), [Buffer.alloc(4, 255)]);
});

test('chunks without large frames are passed on as they came', () => {
  const large = new LargeFrames(100, () => {});
  assert.equal(large.without(STREAM), [STREAM]);
});
