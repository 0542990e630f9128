import type { Random } from './runtime.ts';

/**
 * Randomness from a seed: sfc32, a small generator of good quality (period about 2^128 for almost every
 * state). Not for secrets.
 *
 * A fork is named, not drawn: `fork('disk')` gives the same numbers however many were taken from its parent
 * before. So a change in one part of a simulation leaves the randomness of all others unchanged.
 */
export class SeededRandom implements Random {
  readonly seed: string;
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(seed: number | string) {
    this.seed = String(seed);
    [this.#a, this.#b, this.#c] = hash96(this.seed);
    for (let i = 0; i < WARM_UP_ROUNDS; i++) this.uint32();
  }

  fork(label: string): SeededRandom {
    return new SeededRandom(`${this.seed}/${label}`);
  }

  /** Uniform in [0, 2^32). */
  uint32(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  float(): number {
    return this.uint32() / 0x1_0000_0000;
  }

  below(bound: number): number {
    return Math.floor(this.float() * bound);
  }

  /** Uniform in [low, high). */
  between(low: number, high: number): number {
    return low + this.float() * (high - low);
  }

  /** True with this probability; never for 0, always for 1. */
  chance(probability: number): boolean {
    return this.float() < probability;
  }

  /** @throws RangeError when there is nothing to pick from */
  pick<T>(items: readonly T[]): T {
    if (items.length === 0) throw new RangeError('nothing to pick from');
    return items[this.below(items.length)] as T;
  }

  /** A shuffled copy. */
  shuffled<T>(items: readonly T[]): T[] {
    const copy = [...items];
    for (let i = copy.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      [copy[i], copy[j]] = [copy[j] as T, copy[i] as T];
    }
    return copy;
  }
}

/** Rounds after which states that differ in one bit no longer resemble each other. */
const WARM_UP_ROUNDS = 15;

/** Three lanes of a multiplicative hash: different seeds start in unrelated states. */
function hash96(text: string): [number, number, number] {
  let a = 0x9e3779b9;
  let b = 0x243f6a88;
  let c = 0xb7e15162;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    a = Math.imul(a ^ code, 0x85ebca6b);
    b = Math.imul(b ^ code, 0xc2b2ae35) + a;
    c = Math.imul(c ^ code, 0x27d4eb2f) ^ b;
    a ^= c >>> 15;
  }
  return [a | 0, b | 0, c | 0];
}
