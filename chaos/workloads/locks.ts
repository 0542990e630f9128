import { z } from 'zod';
import { holdAndWrite, lockSetup, underLock } from './lock-recipe.ts';
import { recipeShape, startRecipes } from './start-recipes.ts';
import type { Workload } from './workload.ts';

const schema = z.strictObject({ ...recipeShape, locks: z.int().min(1).max(100).default(2) });

type LockOptions = z.infer<typeof schema>;

const namesOf = ({ locks }: Pick<LockOptions, 'locks'>) => Array.from({ length: locks }, (_, at) => `l${at}`);

/** Clients take locks, write under them for some milliseconds, and lose some with their sessions. */
export const locks: Workload<LockOptions> = {
  name: 'locks',
  description: 'locks by sequential ephemerals, with writes that are fenced by the holder’s znode',
  schema,
  judgedBy: ['mutual exclusion', 'sequence numbers', 'session order', 'write order'],
  setup: options => [...new Set(namesOf(options).flatMap(lockSetup))],
  registers: () => [],
  start: (world, options) =>
    startRecipes(world, options, actor => () => {
      const { random, client } = actor;
      return underLock(random.pick(namesOf(options)), actor, function* (held) {
        yield* holdAndWrite(held, 1 + random.below(3), random.between(0.5, 5));
        // The session goes to another server, and the lock with it; or the client dies, and the lock in its
        // time.
        const drawn = random.below(50);
        if (drawn < 5) client.move();
        else if (drawn < 6) client.vanish();
      });
    }),
};
