import { startClients } from './clients/start-clients.ts';
import {
  drawRegisterOptions,
  type RegisterOptions,
  registerPaths,
  registerSchema,
} from './register-options.ts';
import type { Workload } from './workload.ts';

/** Values are unique and versions count the writes, so that a lost write shows even under a later one. */
export const registers: Workload<RegisterOptions> = {
  name: 'registers',
  description: 'reads and writes of single nodes, every value once',
  schema: registerSchema,
  draw: drawRegisterOptions,
  judgedBy: ['acknowledged writes', 'session order', 'write order', 'linearizability'],
  setup: registerPaths,
  registers: registerPaths,
  start: (world, options) => startClients(world, { ...options, wildShare: 0, readers: 0, ephemeralParts: 0 }),
};
