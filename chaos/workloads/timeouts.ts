import { z } from 'zod';
import { ask, askAll, pause, type Recipe } from './recipe.ts';
import { type Actor, recipeShape, startRecipes } from './start-recipes.ts';
import type { Workload } from './workload.ts';

const schema = z.strictObject({
  ...recipeShape,
  /** Of the session timeout: for how long a client is silent, shortest and longest. */
  silence: z.tuple([z.number().positive(), z.number().positive()]).readonly().default([0.3, 1.6]),
});

type TimeoutOptions = z.infer<typeof schema>;

const ROOT = '/timeouts';
const EPHEMERAL = 1;

/**
 * Clients fall silent for about as long as their sessions live, beside others that look at their
 * ephemerals.
 */
export const timeouts: Workload<TimeoutOptions> = {
  name: 'timeouts',
  description:
    'clients that fall silent for about as long as their sessions live; others see their ephemerals',
  schema,
  judgedBy: ['session timeouts', 'ephemerals', 'session order', 'write order'],
  setup: () => [ROOT],
  registers: () => [],
  start(world, options) {
    const newest = new Map<number, string>();
    const turn = ({ process, client, random }: Actor) =>
      function* (number: number): Recipe {
        const path = `${ROOT}/p${process}-${number}`;
        const { type } = yield* ask({ f: 'create', path, value: '', flags: EPHEMERAL });
        if (type === 'ok') newest.set(process, path);
        if (process % 2 === 0) {
          const silentMs = client.timeoutMs * random.between(...options.silence);
          client.hush(silentMs);
          yield* pause(silentMs);
        }
        const others = [...newest.values()].map(of => ({ f: 'exists' as const, path: of }));
        yield* askAll([...others, { f: 'setData', path: ROOT, value: path }]);
        yield* ask({ f: 'delete', path });
      };
    return startRecipes(world, options, turn);
  },
};
