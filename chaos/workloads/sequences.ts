import { ask, type Recipe } from './recipe.ts';
import { type Actor, type RecipeOptions, recipeSchema, startRecipes } from './start-recipes.ts';
import type { Workload } from './workload.ts';

const ROOT = '/sequences';
const PERSISTENT_SEQUENTIAL = 2;
const EPHEMERAL_SEQUENTIAL = 3;

/** Clients create numbered znodes under one parent, and delete most of them. */
export const sequences: Workload<RecipeOptions> = {
  name: 'sequences',
  description: 'sequential znodes under one parent, persistent and ephemeral; most are deleted again',
  schema: recipeSchema,
  judgedBy: ['sequence numbers', 'session order', 'write order'],
  setup: () => [ROOT],
  registers: () => [],
  start: (world, options) =>
    startRecipes(
      world,
      options,
      ({ random }: Actor) =>
        function* (): Recipe {
          const flags = random.chance(0.5) ? PERSISTENT_SEQUENTIAL : EPHEMERAL_SEQUENTIAL;
          const { completion } = yield* ask({ f: 'create', path: `${ROOT}/n-`, value: '', flags });
          if (completion.created !== undefined && random.chance(0.9))
            yield* ask({ f: 'delete', path: completion.created });
        },
    ),
};
