import { SeededRandom } from '../../server/runtime/seeded-random.ts';

/**
 * The order of turns in a round. Every odd round reverses the order of the round before it, so that the
 * effect of a steady trend within rounds cancels out over the two. Each pair of rounds begins with another
 * turn. The seed of the run chooses the first.
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
