import { ask, type Recipe } from './recipe.ts';
import { type Actor, type RecipeOptions, recipeSchema, startRecipes } from './start-recipes.ts';
import type { Workload } from './workload.ts';

const ROOT = '/watched';
const NODES = Array.from({ length: 6 }, (_, at) => `${ROOT}/n${at}`);
/** For an event that may never come. */
const EVENT_MAX_MS = 60;

/** Clients watch few znodes and read again when they hear of a change, beside others that change them. */
export const watches: Workload<RecipeOptions> = {
  name: 'watches',
  description:
    'data, child and exist watches on few znodes that change all the time; sessions move with them',
  schema: recipeSchema,
  judgedBy: ['watches', 'model agreement', 'session order', 'write order'],
  // The clients create the rest: of a znode that was there before, a history does not tell everything.
  setup: () => [ROOT],
  registers: () => [],
  start: (world, options) =>
    startRecipes(world, options, (actor: Actor) => turn => {
      const { client, random } = actor;
      if (random.chance(0.02)) client.move();
      else if (random.chance(0.003)) client.vanish();
      return random.chance(0.5) ? watch(actor) : change(actor, turn);
    }),
};

function* watch({ random }: Actor): Recipe {
  const path = random.pick(NODES);
  yield* ask({ f: random.pick(['getData', 'exists', 'getChildren'] as const), path, watch: true });
  // The watches of several turns may wait side by side.
  if (random.chance(0.5)) return;
  yield { eventOf: path, atMostMs: EVENT_MAX_MS };
  yield* ask({ f: 'getData', path });
}

function* change({ process, random }: Actor, turn: number): Recipe {
  const path = random.pick(NODES);
  const value = `p${process}-${turn}`;
  const child = `${path}/c${random.below(2)}`;
  const drawn = random.below(20);
  if (drawn < 7) yield* ask({ f: 'setData', path, value });
  else if (drawn < 11) yield* ask({ f: 'create', path: child, value });
  else if (drawn < 15) yield* ask({ f: 'delete', path: child });
  // Refused while it has children.
  else if (drawn < 17) yield* ask({ f: 'delete', path });
  else yield* ask({ f: 'create', path, value });
}
