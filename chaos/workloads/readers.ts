import { mixed } from './mixed.ts';
import type { Workload } from './workload.ts';

type MixedOptions = Parameters<typeof mixed.start>[1];

/** Half of the clients say that a read-only server is enough, and mostly read. */
export const readers: Workload<MixedOptions> = {
  ...mixed,
  name: 'readers',
  description: 'clients that accept a read-only server read, while others write',
  start: (world, options) =>
    mixed.start(world, {
      ...options,
      readers: options.readers > 0 ? options.readers : Math.ceil(options.clients / 2),
    }),
};
