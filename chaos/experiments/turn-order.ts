import { SeededRandom } from '../../server/runtime/seeded-random.ts';

/**
 * Who has which turn of a round. Every odd round goes backwards through the order of the one before it, so
 * that what a steady trend within rounds does to each cancels out over the two; each two begin with another
 * one. Where the first of all begins is by chance, from the seed of the run.
 */
export function turnOrder<T>(turns: readonly T[], round: number, seed: number): T[] {
  const shuffled = shuffle(turns, new SeededRandom(seed).fork('turns'));
  const by = round >> 1;
  const order = shuffled.map((_, index) => shuffled[(index + by) % shuffled.length]!);
  return round % 2 === 0 ? order : order.reverse();
}

function shuffle<T>(items: readonly T[], random: SeededRandom): T[] {
  const left = [...items];
  return items.map(() => left.splice(random.below(left.length), 1)[0]!);
}
