import { ask, askAll, pause, type Recipe } from './recipe.ts';
import { type Actor, type RecipeOptions, recipeSchema, startRecipes } from './start-recipes.ts';
import type { Workload } from './workload.ts';

const ROOT = '/ephemerals';
const EPHEMERAL = 1;
/** A move takes about that long. */
const MOVE_MS = 80;

/** Clients create ephemerals, take their sessions to other servers, close them and leave them to expire. */
export const ephemerals: Workload<RecipeOptions> = {
  name: 'ephemerals',
  description: 'ephemerals of sessions that move between servers, are closed, or expire',
  schema: recipeSchema,
  judgedBy: ['ephemerals', 'session order', 'write order'],
  setup: () => [ROOT],
  registers: () => [],
  start: (world, options) =>
    startRecipes(
      world,
      options,
      ({ process, client, random }: Actor) =>
        function* (turn: number): Recipe {
          const path = `${ROOT}/p${process}-${turn}`;
          yield* ask({ f: 'create', path, value: '', flags: EPHEMERAL });
          if (random.chance(0.1)) {
            if (random.chance(0.3)) client.moveWithWrongPassword();
            else client.move();
            yield* pause(MOVE_MS);
          }
          const look = random.pick([
            { f: 'exists' as const, path },
            { f: 'getChildren' as const, path: ROOT },
            { f: 'exists' as const, path: `${ROOT}/p${random.below(options.clients) + 1}-${turn}` },
          ]);
          // The write shows that the session lived on behind what was read.
          yield* askAll([look, { f: 'setData', path: ROOT, value: path }]);
          const drawn = random.below(40);
          if (drawn < 2) yield* ask({ f: 'closeSession', path: '' });
          else if (drawn < 3) client.vanish();
          else if (drawn < 30) yield* ask({ f: 'delete', path });
        },
      () => [{ f: 'getChildren', path: ROOT }],
    ),
};
