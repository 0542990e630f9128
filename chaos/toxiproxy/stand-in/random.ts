import type { Random } from '../../../server/runtime/runtime.ts';

/** Mulberry32: the same seed gives the same jitter, slices and toxicity, which Toxiproxy's own -seed does not. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const float = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return { float, below: bound => Math.floor(float() * bound) };
}
