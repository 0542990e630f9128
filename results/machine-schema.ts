/** The machine of a run in `result.json`: what it is, and what used it. */
import { z } from 'zod';
import { count, text } from './schema-values.ts';

export const environment = z.strictObject({
  machine: text,
  cpu: text,
  cores: z.int().positive(),
  memoryBytes: count,
  kernel: text,
  node: text,
  git: z.strictObject({ commit: text, dirty: z.boolean() }),
  /** Median of one small write plus fsync; null when it was not measured. */
  diskSyncMedianUs: z.number().nonnegative().nullable(),
  /** Median round trip of one byte over loopback TCP. */
  loopbackRttUs: z.number().nonnegative().nullable(),
  toxiproxy: z.strictObject({ kind: z.enum(['real', 'stand-in', 'external', 'none']), version: z.string() }),
  server: z.strictObject({ implementation: z.enum(['zklab', 'apache', 'other']), version: z.string() }),
  /** Why links could not be bounded for the storms of the suite; absent where they could. */
  noBandwidth: text.optional(),
});

/** What used the machine during a run. Shares are of all cores, 0 to 1; cores are means over the run. */
export const machineUse = z.strictObject({
  cores: z.int().positive(),
  /** Over 1 minute, before anything was started and at the end. */
  loadAverageBefore: z.number(),
  loadAverageAfter: z.number(),
  /** Nice value of the lab, which its members have as well. */
  niceValue: z.int(),
  /** What the run used with all its processes, and what everybody else used. Absent without /proc. */
  ownCores: z.number().optional(),
  othersCores: z.number().optional(),
  idleShare: z.number().optional(),
  /** Taken by the hypervisor. */
  stealShare: z.number().optional(),
  /** The worst of all loads; null when no load was measured. */
  driver: z
    .strictObject({
      cores: z.number(),
      loopLagP99Ms: z.number(),
      /** Late and dropped sends of open loops. */
      lateShare: z.number(),
      niceValue: z.int(),
    })
    .nullable(),
  /** Of the Toxiproxy that was started by the run; null when none was. */
  proxyCores: z.number().nullable(),
});
