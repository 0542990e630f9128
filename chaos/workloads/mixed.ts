import { z } from 'zod';
import { startClients } from './clients/start-clients.ts';
import { WILD_PATHS } from './clients/wild-requests.ts';
import { drawRegisterOptions, registerPaths, registerShape } from './register-options.ts';
import type { Workload } from './workload.ts';

const schema = z.strictObject({
  ...registerShape,
  /** Share of operations that go beyond registers; see `wild-requests.ts`. */
  wildShare: z.number().min(0).max(1).default(0.6),
  /** Share of the creates in multis that ask for ephemeral znodes. */
  ephemeralParts: z.number().min(0).max(1).default(0),
  /** How many of the clients say that a read-only server is enough. */
  readers: z.int().min(0).max(1_000).default(0),
});

type MixedOptions = z.infer<typeof schema>;

/**
 * Registers and everything else: ephemerals, sequences, multis, versions, watches, syncs, and sessions that
 * end, move and expire.
 */
export const mixed: Workload<MixedOptions> = {
  name: 'mixed',
  description:
    'registers, ephemerals, sequences, multis, watches and syncs; sessions that end, move and expire',
  schema,
  draw: random => ({ ...drawRegisterOptions(random), wildShare: random.pick([0.2, 0.6, 0.9]) }),
  judgedBy: ['acknowledged writes', 'session order', 'write order', 'linearizability', 'sync freshness'],
  setup: options => [...registerPaths(options), ...(options.wildShare > 0 ? WILD_PATHS : [])],
  registers: registerPaths,
  start: startClients,
};
