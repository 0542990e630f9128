/** A schedule of one run: a topology, a workload, and faults at fixed times. */
import { z } from 'zod';
import { checked } from '../../bench/checked.ts';
import { includeKey } from '../../bench/included-yaml.ts';
import type { Origin } from '../../bench/origin.ts';
import type { Topology } from '../../bench/topology/topology.ts';
import { UsageError } from '../../bench/usage-error.ts';
import { faultHostOf } from '../faults/host.ts';
import { readFault, refusalOf } from '../faults/index.ts';
import type { Step } from '../faults/nemesis/nemesis.ts';
import { untilSchema } from '../faults/nemesis/until.ts';
import { WORKLOADS } from '../workloads/index.ts';
import type { Workload } from '../workloads/workload.ts';
import { missingTarget } from './missing-target.ts';
import { topologyIn, type WrittenTopology, writtenTopology } from './written-topology.ts';

/** Which faults of a run must bite for the run to count. */
const BITES = ['all', 'any'] as const;
export const SEED_MAX = 2 ** 31 - 1;

/** The file that a schedule is read from. */
export interface ScheduleFile {
  readonly name: string;
  /** A relative path of a topology begins there. */
  readonly folder: string;
  /** Where its keys stand, for errors. */
  readonly origin: Origin;
}

export interface Schedule extends ScheduleFile {
  /** One line, for `zklab list`. */
  readonly description: string;
  readonly topology: WrittenTopology;
  readonly workload: Workload;
  /** As the schema of the workload parses them. */
  readonly workloadOptions: object;
  /** Of the workload and of what faults choose; undefined: a new one for each run. */
  readonly seed: number | undefined;
  /** How long the workload runs before the first fault. */
  readonly calmMs: number;
  readonly bites: (typeof BITES)[number];
  readonly settles: boolean;
  readonly steps: readonly Step[];
  /** As the file has it, for the result. */
  readonly written: z.core.util.JSONType;
}

const ms = z.int().min(0).max(86_400_000);
/** Ms since the first moment of chaos. */
export const stepTimes = { atMs: ms, forMs: ms, until: untilSchema.optional() };
/** What a schedule and a campaign have in common. */
export const bitesKey = z
  .enum(BITES, { error: BITES.join(', ') })
  .default('all')
  .describe('Which faults must bite for a run to count. Where faults overlap, some may hide others.');
export const settlesKey = z
  .boolean()
  .default(false)
  .describe('Whether a fault waits until all members serve again, when no other one is in force.');
export const workloadKey = z.looseObject({ name: z.string() });
export const scheduleSchema = z.strictObject({
  include: includeKey,
  description: z.string(),
  /** In the form that `zklab up` takes, or as in a topology file. */
  topology: writtenTopology,
  workload: workloadKey,
  seed: z.int().min(0).max(SEED_MAX).optional().describe('The command line may give another one.'),
  calmMs: ms.default(0).describe('How long the workload runs before the first fault.'),
  bites: bitesKey,
  settles: settlesKey,
  /**
   * Times in ms since the end of the calm. The options of a fault stand beside its name. Faults whose times
   * overlap are in force together.
   */
  steps: z.array(z.looseObject({ fault: z.string(), ...stepTimes })).min(1),
});

export type WrittenSchedule = z.input<typeof scheduleSchema>;
export type WrittenStep = WrittenSchedule['steps'][number];

/** From injection to heal, at most. */
export function lastsMs({ forMs }: Pick<WrittenStep, 'forMs'>): number {
  return forMs;
}

/** @throws UsageError naming line, key, value and what is accepted */
export function scheduleOf(
  file: ScheduleFile,
  {
    description,
    topology,
    workload: wanted,
    seed,
    calmMs,
    bites,
    settles,
    steps,
  }: z.infer<typeof scheduleSchema>,
  written: unknown,
): Schedule {
  const { origin } = file;
  return {
    ...file,
    description,
    topology,
    ...readWorkload(wanted, origin.within('workload')),
    seed,
    calmMs,
    bites,
    settles,
    steps: steps.map(({ atMs, forMs, until, ...fault }, at) => ({
      fault: readFault(fault, origin.within('steps', at)),
      atMs,
      forMs,
      until,
    })),
    written: z.json().parse(written),
  };
}

export type WrittenWorkload = z.infer<typeof workloadKey>;

/** @throws UsageError */
export function readWorkload(
  { name, ...options }: WrittenWorkload,
  origin: Origin,
): Pick<Schedule, 'workload' | 'workloadOptions'> {
  const workload = WORKLOADS.find(each => each.name === name);
  if (workload === undefined)
    throw new UsageError(
      `${origin.at('name')}: "${name}"; accepted are ${WORKLOADS.map(each => each.name).join(', ')}`,
    );
  return { workload, workloadOptions: checked(workload.schema, options, origin) as object };
}

export function scheduleTopology({ topology, origin, folder }: Schedule): Topology {
  return topologyIn(topology, origin.within('topology'), folder);
}

/** @throws UsageError naming a setting that the workload needs and a member lacks */
function refuseUnfitted(
  { origin, workload: { name, memberSettings = {} } }: Schedule,
  topology: Topology,
): void {
  for (const [key, value] of Object.entries(memberSettings)) {
    const lacking = topology.members.find(({ settings }) => settings[key] !== value);
    if (lacking !== undefined)
      throw new UsageError(
        `${origin.at('workload', 'name')}: ${name} on topology ${topology.shortForm}: all members need the setting ${key}=${value}, and ${lacking.name} lacks it`,
      );
  }
}

/** @throws UsageError naming the first step whose fault or target is impossible on this topology */
export function refuseImpossible(schedule: Schedule, topology: Topology): void {
  refuseUnfitted(schedule, topology);
  const { origin, steps, written } = schedule;
  const host = faultHostOf(topology);
  for (const [at, { fault }] of steps.entries()) {
    const why = refusalOf(fault, host, topology);
    if (why !== undefined)
      throw new UsageError(
        `${origin.at('steps', at)}: ${fault.name} on topology ${topology.shortForm}: ${why}`,
      );
    const missing = missingTarget((written as unknown as WrittenSchedule).steps[at], topology);
    if (missing !== undefined)
      throw new UsageError(`${origin.at('steps', at, ...missing.path)}: ${missing.text}`);
  }
}
