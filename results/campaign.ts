/** The schema of `campaign.json`: what the runs of a campaign of chaos were, and what they found. */
import { z } from 'zod';
import { count, text, timestamp } from './schema-values.ts';

export const CAMPAIGN_VERSION = 1;
export const CAMPAIGN_FILE = 'campaign.json';

/** `void`: the run says nothing about the server. */
const RUN_OUTCOMES = ['passed', 'failed', 'void'] as const;

const run = z.strictObject({
  /** Counts from 1. With the seed it gives the whole plan of the run. */
  number: count,
  /** Its folder, which is removed when the runs take too much space. */
  path: text.optional(),
  topology: text,
  workload: text,
  outcome: z.enum(RUN_OUTCOMES),
  /** Why it did not pass. */
  reasons: z.array(text),
  /** Checkers that found something. */
  checkers: z.array(text),
  /** Names of the faults that bit, and of those that were injected or tried and did not; each once. */
  bitten: z.array(text),
  toothless: z.array(text),
  seconds: z.number().nonnegative(),
  /** What applications saw through the clients that they use, the worst of each kind; absent without them. */
  applications: z
    .array(
      z.strictObject({
        client: text,
        longestGapMs: z.number().nonnegative(),
        /** Sessions lost while the ensemble served. */
        falseLosses: count,
      }),
    )
    .optional(),
});

/** How often a schedule failed when it was run again. */
const tries = z.strictObject({ tries: count, failed: count });

const failure = z.strictObject({
  /** The number of the run. */
  run: count,
  checkers: z.array(text),
  reasons: z.array(text),
  /** The same plan, run again. */
  again: tries,
  /** The shrunk plan, run again; absent when nothing was shrunk. */
  shrunk: tries
    .extend({ faults: count, of: count, runs: count, seconds: z.number().nonnegative() })
    .optional(),
  /** Whether the failure came again at all. */
  isConfirmed: z.boolean(),
  /** A schedule that fails, and the command that runs it. */
  schedule: text,
  command: text,
});

export const campaignResultSchema = z.strictObject({
  campaignVersion: z.literal(CAMPAIGN_VERSION),
  id: text,
  name: text,
  seed: z.int(),
  commandLine: text,
  startedAt: timestamp,
  endedAt: timestamp,
  exitCode: z.int().min(0).max(255),
  runs: z.array(run),
  failures: z.array(failure),
  /** Kinds of fault that no topology of the campaign can have here, and why. */
  impossible: z.array(z.strictObject({ name: text, why: text })),
  /** Topologies and workloads of which no run was made, because this machine lacks what they need. */
  skipped: z.array(z.strictObject({ what: text, why: text })).optional(),
  /** Kinds of fault that were drawn and never bit. */
  neverBit: z.array(text),
  /** Why fewer runs were done than planned; absent when none is missing. */
  endedEarly: text.optional(),
});

export type CampaignResult = z.infer<typeof campaignResultSchema>;
export type ApplicationGaps = NonNullable<CampaignResult['runs'][number]['applications']>[number];
export type CampaignRun = CampaignResult['runs'][number];
export type CampaignFailure = CampaignResult['failures'][number];
