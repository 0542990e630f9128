import { DelayLine } from '../delay-line.ts';
import type { Chunk, ToxicType } from '../stage.ts';

const BYTES_MIN = 64 * 1024;
const BYTES_MAX = 16 * 1024 * 1024;
/**
 * How much stays in line at high rates. Timers are late by milliseconds, during which nothing would leave.
 */
const IN_LINE_MS = 50;
/** A chunk too large for one interval leaves in pieces, one per interval. */
const INTERVAL_MS = 100;

/** Lets `rate` KB/s through (1 KB = 1000 bytes, as in Toxiproxy). A rate of 0 lets nothing through. */
export const bandwidth: ToxicType<'rate'> = {
  type: 'bandwidth',
  attributes: ['rate'],
  stage(attributes, out, context) {
    const line = new DelayLine(out, context);
    let freeAtMs = 0;
    const dueMs = (bytes: number) => {
      if (attributes.rate <= 0) return Number.POSITIVE_INFINITY;
      freeAtMs = Math.max(freeAtMs, context.nowMs()) + bytes / attributes.rate;
      return freeAtMs;
    };
    const push = ({ data, atMs }: Chunk) => {
      const pieceBytes = attributes.rate > 0 ? attributes.rate * INTERVAL_MS : data.length;
      for (let from = 0; from < data.length; from += pieceBytes) {
        const piece = data.subarray(from, from + pieceBytes);
        line.add({ data: piece, atMs }, dueMs(piece.length));
      }
    };
    return {
      push,
      end: () => line.add(undefined, context.nowMs()),
      run: () => {
        freeAtMs = 0;
        line.reschedule(chunk => (chunk === undefined ? context.nowMs() : dueMs(chunk.data.length)));
      },
      release: () => line.flush(),
      discard: () => line.clear(),
      hasRoom: () => line.bytes < Math.min(Math.max(BYTES_MIN, attributes.rate * IN_LINE_MS), BYTES_MAX),
    };
  },
};
