import { assert, suite } from '#test';
import { fc } from '#test/properties';
import { FrameReader } from './frames.ts';
import { JuteError } from './jute.ts';

const test = suite('wire: frames');

const FRAME_BYTES_MAX = 64;

function stream(frames: readonly Buffer[]): Buffer {
  return Buffer.concat(
    frames.flatMap(frame => {
      const length = Buffer.alloc(4);
      length.writeInt32BE(frame.length);
      return [length, frame];
    }),
  );
}

/** What a reader hands on of chunks, each of its own memory as the network gives them. */
function cut(chunks: readonly Buffer[]): string[] {
  const got: string[] = [];
  const reader = new FrameReader(FRAME_BYTES_MAX, (bytes, start, end) =>
    got.push(bytes.toString('latin1', start, end)),
  );
  for (const chunk of chunks) reader.feed(Buffer.from(chunk));
  return got;
}

const FRAMES = ['', 'a', '', '', 'four', 'a longer frame with a few words', ''];
const BYTES = stream(FRAMES.map(frame => Buffer.from(frame)));

test('frames come out whole and in order, at every split point and at every pair of them', () => {
  assert.equal(cut([BYTES]), FRAMES);
  for (let i = 0; i <= BYTES.length; i++) {
    for (let j = i; j <= BYTES.length; j++) {
      const chunks = [BYTES.subarray(0, i), BYTES.subarray(i, j), BYTES.subarray(j)];
      assert.equal(cut(chunks), FRAMES, `split at ${i} and ${j}`);
    }
  }
});

test('one byte at a time', () => {
  assert.equal(cut([...BYTES].map(byte => Buffer.from([byte]))), FRAMES);
});

test('property: however the stream is cut, the frames are the same', () => {
  const frames = fc.array(fc.uint8Array({ maxLength: FRAME_BYTES_MAX }).map(b => Buffer.from(b)));
  fc.assert(
    fc.property(frames, fc.array(fc.nat(400)), (wanted, points) => {
      const bytes = stream(wanted);
      const sorted = [0, ...points.filter(p => p < bytes.length).sort((a, b) => a - b), bytes.length];
      const chunks = sorted.slice(1).map((end, i) => bytes.subarray(sorted[i], end));
      assert.equal(
        cut(chunks),
        wanted.map(frame => frame.toString('latin1')),
      );
    }),
  );
});

test('the largest frame passes; one byte more, or a negative length, ends the stream at once, at every split', () => {
  assert.equal(cut([stream([Buffer.alloc(FRAME_BYTES_MAX)])])[0]!.length, FRAME_BYTES_MAX);
  for (const length of [FRAME_BYTES_MAX + 1, -1, -0x8000_0000, 0x7fff_ffff]) {
    const head = Buffer.alloc(4);
    head.writeInt32BE(length);
    for (let split = 0; split <= 4; split++) {
      // Before a single byte of its body is waited for, or room made for it.
      assert.throws(
        () => cut([head.subarray(0, split), head.subarray(split)]),
        (error: Error) => error instanceof JuteError && error.message.includes(`frame of ${length} bytes`),
      );
    }
  }
});

test('after stop nothing is handed on: not of the chunk at hand, not of a begun frame, not of later chunks', () => {
  const got: string[] = [];
  const reader = new FrameReader(FRAME_BYTES_MAX, (bytes, start, end) => {
    got.push(bytes.toString('latin1', start, end));
    if (got.length === 2) reader.stop();
  });
  const bytes = stream(['one', 'two', 'three', 'four'].map(text => Buffer.from(text)));
  reader.feed(bytes.subarray(0, 5));
  reader.feed(bytes.subarray(5, bytes.length - 2));
  reader.feed(bytes.subarray(bytes.length - 2));
  reader.feed(bytes);
  assert.equal(got, ['one', 'two']);
});

test('a whole frame is handed on in place: no copy of what came in one chunk', () => {
  const chunk = stream([Buffer.from('abc'), Buffer.from('defg')]);
  const seen: [Buffer, number, number][] = [];
  new FrameReader(FRAME_BYTES_MAX, (...frame) => seen.push(frame)).feed(chunk);
  assert.equal(
    seen.map(([bytes, start, end]) => [bytes === chunk, start, end]),
    [
      [true, 4, 7],
      [true, 11, 15],
    ],
  );
});
