/** A campaign: what runs are drawn from. `draw-run.ts` draws them. */
import { z } from 'zod';
import { includeKey } from '../../bench/included-yaml.ts';
import type { Topology } from '../../bench/topology/topology.ts';
import { UsageError } from '../../bench/usage-error.ts';
import type { FaultKind } from '../faults/fault.ts';
import { FAULTS } from '../faults/index.ts';
import {
  bitesKey,
  readWorkload,
  type ScheduleFile,
  settlesKey,
  type WrittenWorkload,
  workloadKey,
} from './schedule.ts';
import { topologyIn, writtenTopology } from './written-topology.ts';

/** A shortest and a longest time, in ms. */
export type Range = readonly [low: number, high: number];

const MS_MAX = 86_400_000;
const range = (low: number, high: number) => {
  const error = `two times in ms, the shorter one first, such as [${low}, ${high}]`;
  const ms = z.int({ error }).min(0, { error }).max(MS_MAX, { error });
  return z
    .tuple([ms, ms], { error })
    .refine(([shortest, longest]) => shortest <= longest, { error })
    .readonly()
    .default([low, high]);
};

const PICKS = ['swarm', 'each'] as const;
const GIB = 2 ** 30;

const drawSchema = z.strictObject({
  topologies: z.array(writtenTopology).min(1),
  workloads: z.array(workloadKey).min(1),
  faults: z
    .array(z.string())
    .min(1)
    .optional()
    .describe('Names of faults; by default all that can be drawn.'),
  pick: z
    .enum(PICKS, { error: PICKS.join(', ') })
    .default('swarm')
    .describe('swarm: each run has some kinds of fault, often; each: every kind once over all runs.'),
  runs: z.int().min(1).max(100_000).default(10).describe('How many, unless --for limits their time.'),
  together: z.int().min(1).max(8).default(2).describe('At most so many faults are in force at a time.'),
  calmMs: range(500, 2_000).describe('Before the first fault.'),
  chaosMs: range(10_000, 30_000).describe('From the first fault to the last heal; swarm only.'),
  faultMs: range(1_500, 6_000).describe('From the injection of a fault to its heal.'),
  pauseMs: range(500, 4_000).describe('From a heal to the next fault.'),
  confirm: z.int().min(0).max(100).default(3).describe('How often a failing run is run again.'),
  insist: z.int().min(0).max(1_000).default(10).describe('How often more, if it never failed again.'),
  shrinkMaxMs: z.int().min(0).max(MS_MAX).default(900_000).describe('Time to shrink one failing run.'),
  keepDays: z.number().positive().max(3_650).default(30).describe('Older campaigns are removed.'),
  keepGib: z.number().positive().max(10_000).default(4).describe('Beyond it, runs that passed are removed.'),
});

export const campaignSchema = z.strictObject({
  include: includeKey,
  description: z.string(),
  bites: bitesKey.default('any'),
  settles: settlesKey,
  draw: drawSchema,
});

type Draw = z.infer<typeof drawSchema>;

export interface Campaign
  extends ScheduleFile,
    Pick<z.infer<typeof campaignSchema>, 'description' | 'bites' | 'settles'> {
  readonly draw: Omit<Draw, 'topologies' | 'workloads' | 'faults' | 'keepGib' | 'keepDays'>;
  readonly topologies: readonly Topology[];
  readonly workloads: readonly WrittenWorkload[];
  /** In the order of the registry. */
  readonly kinds: readonly FaultKind[];
  readonly keep: { readonly maxAgeMs: number; readonly maxBytes: number };
  /** As the file has it. */
  readonly written: z.core.util.JSONType;
}

const DAY_MS = 86_400_000;
/** Of one run. A day of faults without a pause would be drawn for ever. */
const FAULTS_MAX = 10_000;

/** @throws UsageError naming line, key, value and what is accepted */
export function campaignOf(
  file: ScheduleFile,
  { description, bites, settles, draw }: z.infer<typeof campaignSchema>,
  written: unknown,
): Campaign {
  const origin = file.origin.within('draw');
  const most = Math.ceil((draw.together * draw.chaosMs[1]) / Math.max(1, draw.faultMs[0] + draw.pauseMs[0]));
  if (most > FAULTS_MAX)
    throw new UsageError(
      `${origin.at('chaosMs')}: a run could have ${most} faults; accepted are ranges with at most ${FAULTS_MAX}`,
    );
  const { topologies, workloads, faults, keepDays, keepGib, ...rest } = draw;
  for (const [at, workload] of workloads.entries()) readWorkload(workload, origin.within('workloads', at));
  return {
    ...file,
    description,
    bites,
    settles,
    draw: rest,
    topologies: topologies.map((each, at) => topologyIn(each, origin.within('topologies', at), file.folder)),
    workloads,
    kinds: FAULTS.filter(
      kind => kind.draw !== undefined && (faults === undefined || named(faults, origin).includes(kind.name)),
    ),
    keep: { maxAgeMs: keepDays * DAY_MS, maxBytes: keepGib * GIB },
    written: z.json().parse(written),
  };
}

/** @throws UsageError */
function named(faults: readonly string[], origin: ScheduleFile['origin']): readonly string[] {
  const drawable = FAULTS.filter(({ draw }) => draw !== undefined).map(({ name }) => name);
  for (const [at, name] of faults.entries())
    if (!drawable.includes(name))
      throw new UsageError(`${origin.at('faults', at)}: "${name}"; accepted are ${drawable.join(', ')}`);
  return faults;
}
