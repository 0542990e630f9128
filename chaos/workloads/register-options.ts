/** Options of workloads with registers, and the names of their registers. */
import { z } from 'zod';
import type { SeededRandom } from '../../server/runtime/seeded-random.ts';

const share = z.number().min(0).max(1);

/** For every workload whose clients write registers. */
export const registerShape = {
  clients: z.int().min(1).max(1_000).default(4),
  /** Prefix of the register names; a number follows. */
  prefix: z.string().startsWith('/').default('/register'),
  registers: z.int().min(1).max(100_000).default(24),
  /** Maximum number of outstanding operations of a client. */
  pipelineDepth: z.int().min(1).max(1_000).default(16),
  /** Pause between two operations of a client: shortest and longest. */
  thinkMs: z.tuple([z.number().nonnegative(), z.number().nonnegative()]).readonly().default([0.5, 4]),
  readShare: share.default(0.3),
};

export const registerSchema = z.strictObject(registerShape);

export type RegisterOptions = z.infer<typeof registerSchema>;

/** Few and many registers, hasty and slow clients, mostly reads and mostly writes. */
export function drawRegisterOptions(random: SeededRandom): Partial<RegisterOptions> {
  return {
    clients: 2 + random.below(6),
    registers: random.pick([1, 6, 24, 100]),
    pipelineDepth: random.pick([1, 4, 16]),
    thinkMs: [0.5, random.pick([2, 8, 40])],
    readShare: Math.round(random.between(0.1, 0.7) * 100) / 100,
  };
}

export function registerPaths({
  prefix,
  registers,
}: Pick<RegisterOptions, 'prefix' | 'registers'>): string[] {
  return Array.from({ length: registers }, (_, at) => `${prefix}${at}`);
}
