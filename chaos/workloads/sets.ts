import { ask, askAll, type Recipe } from './recipe.ts';
import { type Actor, type RecipeOptions, recipeSchema, startRecipes } from './start-recipes.ts';
import type { Workload } from './workload.ts';

const ROOT = '/sets';
/** A set that is full is left alone; the list of a larger one takes longer than everything else. */
const ELEMENTS_MAX = 200;
const LAST_READ_MAX = 50;

/** Clients add elements to sets, each once, some in a multi that has to be refused. */
export const sets: Workload<RecipeOptions> = {
  name: 'sets',
  description: 'elements are added to sets as children, some by multis that are refused; sets are listed',
  schema: recipeSchema,
  judgedBy: ['sets', 'session order', 'write order', 'linearizability'],
  setup: () => [ROOT],
  registers: () => [],
  start(world, options) {
    let elements = 0;
    const setOf = (element: number) => `${ROOT}/s${Math.floor(element / ELEMENTS_MAX)}`;
    const last = () => {
      const newest = Math.floor(elements / ELEMENTS_MAX);
      const count = Math.min(LAST_READ_MAX, newest + 1);
      return Array.from({ length: count }, (_, at) => ({
        f: 'getChildren' as const,
        path: `${ROOT}/s${newest - at}`,
      }));
    };
    const turn = ({ process, random }: Actor) =>
      function* (number: number): Recipe {
        const set = setOf(elements++);
        const element = `${set}/p${process}-${number}`;
        const drawn = random.below(10);
        if (drawn < 6) {
          const answer = yield* ask({ f: 'create', path: element, value: '' });
          if (answer.completion.error !== 'NONODE') return;
          yield* ask({ f: 'create', path: set, value: '' });
          yield* ask({ f: 'create', path: element, value: '' });
        } else if (drawn < 7) {
          // The check fails, so nothing may come of the create.
          const parts = [
            { f: 'create' as const, path: element },
            { f: 'check' as const, path: ROOT, version: 99 },
          ];
          yield* ask({ f: 'multi', path: ROOT, parts });
        } else {
          const earlier = setOf(random.below(elements));
          const list = { f: 'getChildren' as const, path: random.chance(0.5) ? set : earlier };
          yield* random.chance(0.5) ? askAll([{ f: 'sync', path: ROOT }, list]) : askAll([list]);
        }
      };
    return startRecipes(world, options, turn, last);
  },
};
