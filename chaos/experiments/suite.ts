/**
 * What a suite is: which topologies are measured, how often and for how long. Each experiment adds its own
 * keys. The registry is `suites.ts`.
 */
import { z } from 'zod';
import { includeKey } from '../../bench/included-yaml.ts';
import { LOAD_LIMITS } from '../../bench/load/load-spec.ts';
import type { Origin } from '../../bench/origin.ts';
import { topologyTexts } from '../../bench/topology/topology-texts.ts';

export const milliseconds = z.int().min(0).max(3_600_000);
export const count = z.int().min(1).max(100_000);
/** Of what is measured. */
export const duration = milliseconds.min(1);
export const sessions = z.int().min(1).max(LOAD_LIMITS.sessionsPerTarget);
export const depth = z.int().min(1).max(LOAD_LIMITS.depth);
export const rounds = z.int().min(0).max(1_000);

/** The keys of every suite. */
export const suiteKeys = {
  include: includeKey,
  /** One line, for `zklab list`. */
  description: z.string(),
  /** Interleaved: every topology once, then every topology again. */
  rounds: z.int().min(1).max(1_000),
  /** Once `roundsMin` rounds are done, no round begins that would end after this. */
  budgetMs: milliseconds.optional(),
  roundsMin: count.default(1),
  /** The plainest comes first. */
  topologies: topologyTexts,
  /**
   * Also measures writes of the first topology on links without proxies: the difference is the cost of the
   * proxies.
   */
  proxyTax: z.boolean().default(false),
  /** zoo.cfg keys of every member. */
  settings: z
    .record(
      z.string(),
      z.union([z.string(), z.number(), z.boolean()], { error: 'a text, a number, true or false' }),
    )
    .default({}),
  load: z.strictObject({
    valueBytes: count,
    keyCount: count,
    sessionsPerTarget: sessions,
    /** Requests in flight per session in the closed loop. */
    depth,
    /** Open loop: requests per second at each target of writes. */
    ratePerTarget: count,
    /** Open loop: reads per second at one observer, beside those writes. @default ratePerTarget */
    readsPerSecond: count.optional(),
    warmupMs: milliseconds,
    saturatedMs: duration,
    pacedMs: duration,
    /**
     * Loads per topology whose results are thrown away, because servers get faster as their code gets warm.
     */
    warmupLoads: z.int().min(0).max(20),
  }),
  /** Within this time after a heal, all members must be back and a write must commit. */
  recoverMaxMs: milliseconds,
};

export type Suite = z.infer<z.ZodObject<typeof suiteKeys>> & {
  readonly name: string;
  /** How a command line names it: the name of one of the project, the path of another. */
  readonly reference: string;
  /** Of its file. Relative paths of topologies begin there. */
  readonly folder: string;
  /** Where its keys stand, for errors. */
  readonly origin: Origin;
};
