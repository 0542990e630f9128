/**
 * What a suite is: which topologies are measured, how often and for how long. Each experiment adds keys of
 * its own. The registry is `suites.ts`.
 */
import { z } from 'zod';

export const milliseconds = z.int().min(0).max(3_600_000);
export const count = z.int().min(1).max(100_000);
export const rounds = z.int().min(0).max(1_000);

/** The keys of every suite. */
export const suiteKeys = {
  /** One line, for `zklab list`. */
  description: z.string(),
  /** Interleaved: every topology once, then every topology again. */
  rounds: z.int().min(1).max(1_000),
  /** No new round is begun that would end after this, once `roundsMin` are done. */
  budgetMs: milliseconds.optional(),
  roundsMin: count.default(1),
  /** As `zklab up` takes them, by the name reports show. The plainest first. */
  topologies: z
    .record(z.string().regex(/^[\w-]+$/, { error: 'a name of letters, digits, - and _' }), z.string())
    .refine(topologies => Object.keys(topologies).length > 0, { error: 'at least one topology' }),
  /** Writes of the first topology on links without proxies too: what the proxies themselves cost. */
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
    sessionsPerTarget: count,
    /** Requests in flight per session of the closed loop. */
    depth: count,
    /** Open loop, requests per second at each target; two writes for one read. */
    ratePerTarget: count,
    warmupMs: milliseconds,
    saturatedMs: milliseconds,
    pacedMs: milliseconds,
    /** Loads per topology before anything counts: servers get faster as their code gets warm. */
    warmupLoads: z.int().min(0).max(20),
  }),
  /** After a heal: all members back, and a write committed, within this. */
  recoverMaxMs: milliseconds,
};

export type Suite = z.infer<z.ZodObject<typeof suiteKeys>> & { readonly name: string };
