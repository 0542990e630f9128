import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { assert, suite } from '#test';
import { fc } from '#test/properties';
import { FrameCutter, FrameReader } from './frames.ts';
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

/** The frames that a reader finds in chunks, each with memory of its own, as the network gives them. */
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

test('frames come out complete and in order, at every split point and at every pair of them', () => {
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
      // It throws before it waits for a byte of the body or makes room for it.
      assert.throws(
        () => cut([head.subarray(0, split), head.subarray(split)]),
        (error: Error) => error instanceof JuteError && error.message.includes(`a frame has ${length} bytes`),
      );
    }
  }
});

test('stop ends all frames: those of the current chunk, an incomplete one, and those of later chunks', () => {
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

test('a whole frame is given in place: no copy of what came in one chunk', () => {
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

test('a frame that is not taken stays, and later ones wait', () => {
  const cutter = new FrameCutter(FRAME_BYTES_MAX);
  const frame = () => cutter.bytes.toString('latin1', cutter.start, cutter.end);
  const bytes = stream(['one', 'two', 'three', 'four'].map(text => Buffer.from(text)));
  cutter.add(bytes.subarray(0, 20));
  for (let i = 0; i < 3; i++) assert.equal([cutter.peek(), frame()], [true, 'one']);
  cutter.add(bytes.subarray(20, 21));
  cutter.add(bytes.subarray(21));
  assert.ok(cutter.hasMore);
  assert.is(cutter.bytesKept, bytes.length);
  const taken: string[] = [];
  while (cutter.peek()) {
    for (let again = 0; again < 2; again++) assert.ok(cutter.peek());
    taken.push(frame());
    cutter.take();
  }
  assert.equal(taken, ['one', 'two', 'three', 'four']);
  assert.equal([cutter.hasMore, cutter.bytesKept], [false, 0]);
});

test('a frame that arrived in pieces stays until it is taken', () => {
  const cutter = new FrameCutter(FRAME_BYTES_MAX);
  const bytes = stream([Buffer.from('pieces'), Buffer.from('next')]);
  for (let i = 0; i < bytes.length; i++) cutter.add(bytes.subarray(i, i + 1));
  assert.ok(cutter.peek());
  assert.ok(cutter.hasMore, 'looked at, not taken');
  cutter.take();
  assert.ok(cutter.peek());
  assert.is(cutter.bytes.toString('latin1', cutter.start, cutter.end), 'next');
  cutter.take();
  assert.equal([cutter.peek(), cutter.hasMore, cutter.bytesKept], [false, false, 0]);
});

test('field report B5: a length alone takes a few KiB, and memory grows with the bytes that arrive', () => {
  const frameBytesMax = 100 * 1024 * 1024;
  const cutter = new FrameCutter(frameBytesMax);
  const head = Buffer.alloc(4);
  head.writeInt32BE(frameBytesMax);
  cutter.add(head);
  assert.not(cutter.peek());
  assert.ok(cutter.bytesKept <= 4096, `${cutter.bytesKept} bytes for a length`);
  const chunk = Buffer.alloc(64 * 1024, 1);
  let came = 4;
  while (came < 4 + frameBytesMax) {
    const part = chunk.subarray(0, Math.min(chunk.length, 4 + frameBytesMax - came));
    cutter.add(part);
    came += part.length;
    const whole = cutter.peek();
    assert.is(whole, came === 4 + frameBytesMax);
    assert.ok(cutter.bytesKept <= 2 * came + 4096, `${cutter.bytesKept} bytes for ${came}`);
  }
  assert.is(cutter.end - cutter.start, frameBytesMax);
});

test('a chunk is released once its frames are taken: an idle connection keeps nothing', () => {
  const cutter = new FrameCutter(FRAME_BYTES_MAX);
  cutter.add(stream([Buffer.from('abc')]));
  assert.ok(cutter.peek());
  cutter.take();
  assert.not(cutter.peek());
  assert.is(cutter.bytes.length, 0);
  assert.is(cutter.bytesKept, 0);
});

/** The bytes outside of the heap that the result of `make` keeps. */
function bytesHeldBy(make: () => unknown): number {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  /** The second collection frees the bytes of objects that the first finds dead. */
  const bytesLeft = () => {
    gc();
    gc();
    return process.memoryUsage().arrayBuffers;
  };
  const before = bytesLeft();
  const made = make();
  const held = bytesLeft() - before;
  assert.ok(made);
  return held;
}

test('field report B5: an incomplete frame keeps the bytes that arrived, not the chunk in which it began', () => {
  const length = 60_000;
  const whole = stream([Buffer.alloc(length)]);
  const CUTTERS = 200;
  const begun = () =>
    Array.from({ length: CUTTERS }, () => {
      const cutter = new FrameCutter(length);
      cutter.add(Buffer.concat([whole, whole.subarray(0, 1)]));
      assert.ok(cutter.peek());
      cutter.take();
      assert.equal([cutter.peek(), cutter.bytesKept], [false, 1]);
      return cutter;
    });
  const held = bytesHeldBy(begun);
  assert.ok(held < (CUTTERS * length) / 4, `${held} bytes for ${CUTTERS} frames of which a byte has come`);
});

test('field report B5: a frame that arrives a byte at a time keeps about its bytes', () => {
  const length = 300_000;
  const whole = stream([Buffer.alloc(length, 'x')]);
  const cutter = new FrameCutter(length);
  const held = bytesHeldBy(() => {
    for (let at = 0; at < whole.length - 1; at++) {
      cutter.add(Buffer.from([whole[at]!]));
      assert.not(cutter.peek());
    }
    return cutter;
  });
  assert.ok(held < 2 * length, `${held} bytes`);
  cutter.add(whole.subarray(whole.length - 1));
  assert.ok(cutter.peek());
  assert.ok(cutter.bytes.equals(whole));
});

test('a large frame that came in pieces has memory of its own, with room on either side; no other frame has', () => {
  const ROOM = 64;
  const large = Buffer.from(Array.from({ length: 20_000 }, (_, i) => i & 0xff));
  const bytes = stream([Buffer.from('small'), large, Buffer.from('in pieces'), large]);
  const cutter = new FrameCutter(large.length, { roomBytes: ROOM });
  const seen: [isRoomy: boolean, isOwn: boolean][] = [];
  const take = () => {
    while (cutter.peek()) {
      const { start, end, isRoomy } = cutter;
      const whole = cutter.bytes;
      const isOwn = whole.length === end - start + 4 + 2 * ROOM && whole.buffer.byteLength === whole.length;
      assert.is(start === ROOM + 4, isRoomy);
      seen.push([isRoomy, isOwn]);
      if (end - start === large.length) assert.ok(whole.subarray(start, end).equals(large));
      cutter.take();
    }
  };
  // The second cut is within the third frame.
  const cuts = [0, 10_000, 20_020, bytes.length];
  for (const [i, from] of cuts.slice(0, -1).entries()) {
    cutter.add(Buffer.from(bytes.subarray(from, cuts[i + 1])));
    take();
  }
  assert.equal(seen, [
    [false, false],
    [true, true],
    [false, false],
    [false, false],
  ]);
});

test('frames that span chunks come out right when every chunk is read into the same memory', () => {
  const frames = [50_000, 3, 200_000, 0, 70_000].map(length =>
    Buffer.from(Array.from({ length }, (_, i) => (i * 7 + length) & 0xff)),
  );
  const bytes = stream(frames);
  for (const chunkBytes of [1_000, 65_536, 150_000]) {
    const chunk = Buffer.alloc(chunkBytes);
    const got: Buffer[] = [];
    const take = (all: Buffer, start: number, end: number) =>
      void got.push(Buffer.from(all.subarray(start, end)));
    const reader = new FrameReader(200_000, take, { chunksAreReused: true });
    for (let at = 0; at < bytes.length; at += chunkBytes)
      reader.feed(chunk.subarray(0, bytes.copy(chunk, 0, at, at + chunkBytes)));
    assert.equal(got, frames, `chunks of ${chunkBytes} bytes`);
  }
});
