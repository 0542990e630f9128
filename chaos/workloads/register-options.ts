/** What workloads with registers are told, and the names of their registers. */
import { z } from 'zod';

const share = z.number().min(0).max(1);

/** Of every workload whose clients write registers. */
export const registerShape = {
  clients: z.int().min(1).max(1_000).default(4),
  /** Names of the registers: this and a number. */
  prefix: z.string().startsWith('/').default('/register'),
  registers: z.int().min(1).max(100_000).default(24),
  /** A client's operations under way at once. */
  pipelineDepth: z.int().min(1).max(1_000).default(16),
  /** Between two operations of a client. */
  thinkMs: z.tuple([z.number().nonnegative(), z.number().nonnegative()]).readonly().default([0.5, 4]),
  readShare: share.default(0.3),
};

export const registerSchema = z.strictObject(registerShape);

export type RegisterOptions = z.infer<typeof registerSchema>;

export function registerPaths({
  prefix,
  registers,
}: Pick<RegisterOptions, 'prefix' | 'registers'>): string[] {
  return Array.from({ length: registers }, (_, at) => `${prefix}${at}`);
}
