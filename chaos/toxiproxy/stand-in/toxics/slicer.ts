import type { Random } from '../../../../server/runtime/runtime.ts';
import { DelayLine } from '../delay-line.ts';
import type { ToxicType } from '../stage.ts';

const BYTES_MAX = 64 * 1024;

/** Cuts chunks into pieces of about `average_size` +/- `size_variation` bytes, `delay` us apart. */
export const slicer: ToxicType<'average_size' | 'size_variation' | 'delay'> = {
  type: 'slicer',
  attributes: ['average_size', 'size_variation', 'delay'],
  stage(attributes, out, context) {
    const line = new DelayLine(out, context);
    let freeAtMs = 0;
    const dueMs = () => {
      const due = Math.max(freeAtMs, context.nowMs());
      freeAtMs = due + attributes.delay / 1000;
      return due;
    };
    return {
      push: ({ data, atMs }) => {
        let from = 0;
        const { average_size: average, size_variation: variation } = attributes;
        for (const to of cuts(data.length, average, variation, context.random)) {
          line.add({ data: data.subarray(from, to), atMs }, dueMs());
          from = to;
        }
      },
      end: () => line.add(undefined, dueMs()),
      run: () => {
        freeAtMs = 0;
        line.reschedule(dueMs);
      },
      release: () => line.flush(),
      discard: () => line.clear(),
      hasRoom: () => line.bytes < BYTES_MAX,
    };
  },
};

/** Where each piece of `length` bytes ends. It halves the pieces until they have the requested size. */
export function cuts(length: number, average: number, variation: number, random: Random): number[] {
  const ends: number[] = [];
  const halve = (from: number, to: number): void => {
    const size = to - from;
    if (size <= 1 || size - average <= variation) {
      ends.push(to);
      return;
    }
    const shift = variation > 0 ? random.below(variation * 2) - variation : 0;
    const middle = Math.min(Math.max(from + Math.floor(size / 2) + shift, from + 1), to - 1);
    halve(from, middle);
    halve(middle, to);
  };
  if (length > 0) halve(0, length);
  return ends;
}
