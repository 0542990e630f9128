/** What workloads of recipes share: their options, and the start of their clients. */
import { z } from 'zod';
import type { SeededRandom } from '../../server/runtime/seeded-random.ts';
import type { RecordingClient, Request } from './clients/recording-client.ts';
import { type Recipe, RecipeLoad } from './recipe.ts';
import type { RunningWorkload, WorkloadWorld } from './workload.ts';

export const recipeShape = {
  clients: z.int().min(1).max(1_000).default(4),
  /** Pause between two turns of a client: shortest and longest. */
  thinkMs: z.tuple([z.number().nonnegative(), z.number().nonnegative()]).readonly().default([1, 8]),
};

export const recipeSchema = z.strictObject(recipeShape);

export type RecipeOptions = z.infer<typeof recipeSchema>;

/** One client and what it draws from. */
export interface Actor {
  readonly process: number;
  readonly client: RecordingClient;
  readonly random: SeededRandom;
}

/** @param lastReads what is read once the load has stopped; asked then */
export function startRecipes(
  world: WorkloadWorld,
  { clients: count, thinkMs }: RecipeOptions,
  recipeOf: (actor: Actor) => (turn: number) => Recipe,
  lastReads: () => readonly Request[] = () => [],
): RunningWorkload {
  const started = Array.from({ length: count }, (_, at) => {
    const process = at + 1;
    const random = world.random.fork(`load ${process}`);
    const client = world.client(process);
    const recipe = recipeOf({ process, client, random });
    return {
      client,
      load: new RecipeLoad({ client, clock: world.clock(`load${process}`), random, recipe, thinkMs }),
    };
  });
  return {
    clients: started.map(({ client }) => client),
    stop: () => {
      for (const { load } of started) load.stop();
    },
    lastReads,
  };
}
