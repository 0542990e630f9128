import type { Recipe } from './recipe.ts';
import { type RegisterOptions, registerPaths, registerSchema } from './register-options.ts';
import { useRegister } from './register-recipe.ts';
import { type Actor, startRecipes } from './start-recipes.ts';
import type { Workload } from './workload.ts';

const schema = registerSchema.extend({ registers: registerSchema.shape.registers.default(6) });

/** Few registers, so that clients interfere: writes, compare-and-set by version, and reads behind a sync. */
export const syncReads: Workload<RegisterOptions> = {
  name: 'sync-reads',
  description:
    'few registers with writes, compare-and-set by version, and reads behind a sync at another server',
  schema,
  judgedBy: ['acknowledged writes', 'linearizability', 'sync freshness', 'session order', 'write order'],
  setup: registerPaths,
  registers: registerPaths,
  start(world, options) {
    const paths = registerPaths(options);
    const turn = ({ process, client, random }: Actor) =>
      function* (number: number): Recipe {
        yield* useRegister({ process, random, paths, number });
        if (random.chance(0.01)) client.move();
        else if (random.chance(0.005)) client.moveWithWrongPassword();
      };
    return startRecipes(world, options, turn);
  },
};
