import { z } from 'zod';
import { holdAndWrite, lockSetup, underLock } from './lock-recipe.ts';
import { recipeShape, startRecipes } from './start-recipes.ts';
import type { Workload } from './workload.ts';

const schema = z.strictObject({
  ...recipeShape,
  /** Writes of a leader before it resigns: fewest and most. */
  writesPerTerm: z
    .tuple([z.int().min(1), z.int().min(1)])
    .readonly()
    .default([20, 200]),
});

type ElectionOptions = z.infer<typeof schema>;

const ELECTION = 'election';

/** One client leads for long and writes all the time; the others wait to follow it. */
export const elections: Workload<ElectionOptions> = {
  name: 'elections',
  description: 'a leader among clients that writes until it resigns, moves or dies; its writes are fenced',
  schema,
  judgedBy: ['mutual exclusion', 'sequence numbers', 'session order', 'write order'],
  setup: () => lockSetup(ELECTION),
  registers: () => [],
  start: (world, options) =>
    startRecipes(world, options, actor => () => {
      const { random, client } = actor;
      return underLock(ELECTION, actor, function* (held) {
        const [fewest, most] = options.writesPerTerm;
        const writes = fewest + random.below(Math.max(1, most - fewest));
        yield* holdAndWrite(held, writes / 2, random.between(1, 10));
        if (random.chance(0.3)) client.move();
        yield* holdAndWrite(held, writes / 2, random.between(1, 10));
        if (random.chance(0.2)) client.vanish();
      });
    }),
};
