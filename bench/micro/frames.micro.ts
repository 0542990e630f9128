import { FrameReader } from '../../server/wire/frames.ts';
import type { MicroTask } from './micro-task.ts';

const FRAMES = 1_000;

/** A stream of equal frames, cut as a socket might: whole, and at a size that splits frames. */
export function frameTasks(): MicroTask[] {
  return [16, 256, 4_096].flatMap(frameBytes => {
    const stream = streamOf(frameBytes);
    return [64 * 1024, 1_460].map(chunkBytes => {
      const chunks = cut(stream, chunkBytes);
      let seen = 0;
      const reader = new FrameReader(1_048_575, (_bytes, start, end) => {
        seen += end - start;
      });
      return {
        name: `frames: ${frameBytes} bytes each, in chunks of ${chunkBytes}`,
        operations: FRAMES,
        run: () => {
          for (const chunk of chunks) reader.feed(chunk);
          return seen;
        },
      };
    });
  });
}

function streamOf(frameBytes: number): Buffer {
  const frame = Buffer.alloc(4 + frameBytes, 7);
  frame.writeInt32BE(frameBytes);
  return Buffer.concat(new Array<Buffer>(FRAMES).fill(frame));
}

function cut(stream: Buffer, chunkBytes: number): Buffer[] {
  const chunks: Buffer[] = [];
  for (let at = 0; at < stream.length; at += chunkBytes) chunks.push(stream.subarray(at, at + chunkBytes));
  return chunks;
}
