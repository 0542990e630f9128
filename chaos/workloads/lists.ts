import { LISTS, twinOf } from '../checkers/lists.ts';
import { ask, askAll, type Recipe } from './recipe.ts';
import { type Actor, type RecipeOptions, recipeSchema, startRecipes } from './start-recipes.ts';
import type { Workload } from './workload.ts';

/** Lists that are longer are left alone. */
const APPENDS_MAX = 100;

/** Clients append an element to both lists of a pair with one multi, on the versions that they have read. */
export const lists: Workload<RecipeOptions> = {
  name: 'lists',
  description: 'elements are appended by multis to two lists at once, on the versions that were read',
  schema: recipeSchema,
  judgedBy: ['lists', 'session order', 'write order', 'linearizability'],
  setup: () => [LISTS],
  registers: () => [],
  start(world, options) {
    let turns = 0;
    const pairOf = () => {
      const a = `${LISTS}/l${Math.floor(turns / APPENDS_MAX)}a`;
      return [a, twinOf(a)] as const;
    };
    const reads = () => pairOf().map(path => ({ f: 'getData' as const, path }));
    const turn = ({ process, random }: Actor) =>
      function* (number: number): Recipe {
        turns++;
        const pair = pairOf();
        if (random.chance(0.2)) {
          yield* askAll([{ f: 'sync', path: LISTS }, ...reads()]);
          return;
        }
        const answers = yield* askAll(reads());
        if (answers.some(({ type }) => type !== 'ok')) return;
        if (answers.some(({ completion }) => completion.version === undefined)) {
          const parts = pair.map(path => ({ f: 'create' as const, path, value: '' }));
          yield* ask({ f: 'multi', path: LISTS, parts });
          return;
        }
        const parts = pair.map((path, at) => {
          const { value = '', version = 0 } = answers[at]?.completion ?? {};
          return { f: 'setData' as const, path, value: `${value} p${process}-${number}`, version };
        });
        yield* ask({ f: 'multi', path: LISTS, parts });
      };
    return startRecipes(world, options, turn, reads);
  },
};
