/** The registry of recipes: which one carries out which operation. */
import { seededRandom } from '../../stats/distributions.ts';
import type { SessionOptions } from '../session/session.ts';
import { indexOf, type OperationIndex, type OperationName } from '../workload/operations.ts';
import type { Workload } from '../workload/workload.ts';
import { LockRecipe } from './lock-recipe.ts';
import type { Recipe, RecipeHost } from './recipe.ts';
import { SessionChurn } from './session-churn.ts';
import { WatchFanout } from './watch-fanout.ts';

export type Recipes = ReadonlyMap<OperationIndex, Recipe>;

/**
 * Makes the recipes of each session of a driver, those with a weight only.
 * @param firstSession tells the watched nodes of this driver from those of others
 */
export function recipesOf(workload: Workload, firstSession: number) {
  const { mix, seed } = workload.spec;
  const has = (name: OperationName) => (mix[name] ?? 0) > 0;
  const random = seededRandom(seed + firstSession);
  const fanout = has('watch')
    ? new WatchFanout(workload.watchedPaths(firstSession), () => workload.chooseValue(random))
    : undefined;
  return (host: RecipeHost, session: SessionOptions): Recipes => {
    const recipes = new Map<OperationIndex, Recipe>();
    if (has('openSession') || has('closeSession')) {
      const churn = new SessionChurn(session);
      recipes.set(indexOf('openSession'), churn).set(indexOf('closeSession'), churn);
    }
    if (has('lock'))
      recipes.set(
        indexOf('lock'),
        new LockRecipe(host, { paths: workload.lockPaths, holdMs: workload.lockHoldMs, random }),
      );
    if (fanout !== undefined) recipes.set(indexOf('watch'), fanout.recipeOf(host));
    return recipes;
  };
}
