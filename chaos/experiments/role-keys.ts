import { z } from 'zod';
import { topologyTexts } from '../../bench/topology/topology-texts.ts';
import { count, depth, milliseconds, sessions } from './suite.ts';

/** The keys of a suite about roles. */
export const roleKeys = {
  /** Writes of ensembles with equal processes in other roles. */
  roles: z.strictObject({
    /** How often all ensembles are started anew. */
    starts: count,
    /** Interleaved rounds of each start. */
    rounds: count,
    /**
     * CPU of each member, in cores, where the machine can limit it. Latencies are measured without it.
     * @default no limit
     */
    budget: z.number().min(0.01).max(64).optional(),
    topologies: topologyTexts,
    /** Those whose observers are also slowed and cut off. @default all that have observers */
    faultsOn: z.array(z.string()).min(1).optional(),
    sessionsPerTarget: sessions,
    depth,
    /**
     * For each ensemble, at full speed, before budgets are set: within its budget, a server would get warm
     * slowly.
     */
    warmupMs: milliseconds,
    /** The part of a window that is not measured. */
    settleMs: milliseconds,
    windowMs: count,
    /** What single operations cost, counted once per topology. A suite without it does not count them. */
    paths: z
      .strictObject({
        windowMs: count,
        /** Sizes of values, written at the leader. */
        valueBytes: z.array(count).min(1),
      })
      .optional(),
  }),
  /** Added to the links of the observers, each way. A suite without it does not measure their latency. */
  observerLatency: z
    .strictObject({ ms: count, jitterMs: milliseconds })
    .refine(({ ms, jitterMs }) => jitterMs < ms, { error: 'less than ms', path: ['jitterMs'] })
    .optional(),
};

export type RolesOptions = z.infer<z.ZodObject<typeof roleKeys>>;
