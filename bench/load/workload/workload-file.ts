/**
 * Workloads as YAML: what is requested, how often and by how many sessions. The registry is the folder
 * `bench/workloads/`. A file is checked as far as the driver would check it, so that nothing is started for a
 * workload that cannot run.
 */
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { checked } from '../../checked.ts';
import { includeKey } from '../../included-yaml.ts';
import { NamedYaml } from '../../named-yaml.ts';
import type { Origin } from '../../origin.ts';
import { readText } from '../../read-yaml.ts';
import { type Recording, RecordingError } from '../../recording/recording.ts';
import { readRecording } from '../../recording/recording-file.ts';
import { UsageError } from '../../usage-error.ts';
import { RATE_PER_SECOND_MAX } from '../arrivals.ts';
import { LOAD_LIMITS, type LoadMode } from '../load-spec.ts';
import { profileMs } from '../rate-profile.ts';
import { type ReplayPlan, replayPlan } from '../replay/replay-plan.ts';
import { OPERATIONS, type OperationName } from './operations.ts';
import { SIGMA_MAX, VALUE_BYTES_MAX } from './value-sizes.ts';
import { checkWorkloadSpec, WORKLOAD_DEFAULTS, WORKLOAD_LIMITS, type WorkloadSpec } from './workload.ts';

const WEIGHT_MAX = 1_000_000;
const DRIVERS_MAX = 16;

const bytes = z.int().min(0).max(VALUE_BYTES_MAX);
const keys = z.int().min(1).max(WORKLOAD_LIMITS.keyCount);
const perSecond = z.number().gt(0).max(RATE_PER_SECOND_MAX);
const forMs = z.int().min(1).max(LOAD_LIMITS.durationMs);
const spacing = z.enum(['poisson', 'constant'], { error: 'poisson, constant' }).default('poisson');

const weight = z.number().min(0).max(WEIGHT_MAX);
const operations = z
  .strictObject(
    Object.fromEntries(OPERATIONS.map(({ name }) => [name, weight.optional()])) as Record<
      OperationName,
      z.ZodOptional<typeof weight>
    >,
  )
  .refine(weights => Object.values(weights).some(value => value !== undefined && value > 0), {
    error: 'at least one operation with a weight above 0',
  });

const valueBytes = z.union(
  [
    bytes,
    z.discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('uniform'), min: bytes, max: bytes }),
      z.strictObject({
        kind: z.literal('lognormal'),
        median: bytes.min(1),
        sigma: z.number().min(0).max(SIGMA_MAX),
        max: bytes,
      }),
    ]),
  ],
  { error: 'a number of bytes, or keys with kind: uniform or kind: lognormal' },
);

const skew = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('uniform') }),
  z.strictObject({ kind: z.literal('zipfian'), exponent: z.number().min(0).max(5) }),
  z.strictObject({ kind: z.literal('hot'), share: z.number().min(0).max(1), keys }),
]);

/** How requests are paced. Rates are of the whole load, over all sessions and drivers. */
const arrivals = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('closed'), depth: z.int().min(1).max(LOAD_LIMITS.depth) }),
  z.strictObject({ kind: z.literal('constant'), ratePerSecond: perSecond }),
  z.strictObject({ kind: z.literal('poisson'), ratePerSecond: perSecond }),
  z.strictObject({
    kind: z.literal('ramp'),
    fromPerSecond: perSecond,
    toPerSecond: perSecond,
    overMs: forMs,
    spacing,
  }),
  z.strictObject({
    kind: z.literal('step'),
    steps: z
      .array(z.strictObject({ ratePerSecond: perSecond, forMs }))
      .min(1)
      .max(LOAD_LIMITS.segments),
    spacing,
  }),
]);

export const workloadSchema = z.strictObject({
  include: includeKey,
  /** One line, for `zklab list`. */
  description: z.string(),
  /** Weights; they need not sum to 1. */
  operations,
  arrivals,
  /** Sessions with each member under load, over all drivers. */
  sessionsPerMember: z.int().min(1).max(LOAD_LIMITS.sessionsPerTarget),
  /** Processes that share the load. Their histograms are merged. */
  drivers: z.int().min(1).max(DRIVERS_MAX).default(1),
  valueBytes,
  keyCount: keys,
  skew: skew.default({ kind: 'uniform' }),
  /** Parts of one multi or multiRead. */
  multiSize: z.int().min(1).max(WORKLOAD_LIMITS.multiSize).default(WORKLOAD_DEFAULTS.multiSize),
  /** For lock: how many locks there are, and how long an owner keeps one. */
  locks: z
    .strictObject({
      count: z.int().min(1).max(WORKLOAD_LIMITS.locks).default(WORKLOAD_DEFAULTS.locks.count),
      holdMs: z.int().min(0).max(WORKLOAD_LIMITS.holdMs).default(WORKLOAD_DEFAULTS.locks.holdMs),
    })
    .default(WORKLOAD_DEFAULTS.locks),
  /** For watch: how many znodes each driver writes; all of its sessions watch them. */
  watchedNodes: z.int().min(1).max(WORKLOAD_LIMITS.watchedNodes).default(WORKLOAD_DEFAULTS.watchedNodes),
  /** Everything that the workload creates is below this path. */
  root: z.string().default(WORKLOAD_DEFAULTS.root),
  /** Znodes that nobody requests, which make the tree and its snapshots larger. */
  ballast: z
    .strictObject({ nodes: z.int().min(0).max(WORKLOAD_LIMITS.ballastNodes), valueBytes: bytes })
    .optional(),
});

export const replaySchema = z.strictObject({
  include: includeKey,
  /** One line, for `zklab list`. */
  description: z.string(),
  replay: z
    .string()
    .min(1)
    .describe('A file of zklab bench record. A relative path begins in the folder of the workload.'),
  speed: z
    .number()
    .min(LOAD_LIMITS.speed.min)
    .max(LOAD_LIMITS.speed.max)
    .default(1)
    .describe('Twice the speed is half the time.'),
  root: z.string().default(WORKLOAD_DEFAULTS.root).describe('Everything is replayed below this path.'),
});

/** A workload as a person wrote it, with every default. */
export interface LoadPlan {
  readonly name: string;
  readonly description: string;
  /** All but the seed, which belongs to a run. */
  readonly workload: Omit<WorkloadSpec, 'seed'>;
  /** Of the whole load, over all drivers. */
  readonly mode: LoadMode;
  readonly sessionsPerMember: number;
  readonly drivers: number;
  /** The file's content with defaults, for the result. */
  readonly written: z.output<typeof workloadSchema> | z.output<typeof replaySchema>;
  /** Of a replay: what must exist before, with the sizes of data, and how long it takes. */
  readonly replay?: {
    readonly nodes: ReplayPlan['nodes'];
    readonly lengthMs: number;
    readonly skipped: number;
  };
}

/** dist/bench/load/workload -> bench/workloads of the project. */
const FILES = new NamedYaml('workload', join(import.meta.dirname, '../../../../bench/workloads'));

export function workloadNames(): string[] {
  return FILES.names();
}

/** @param reference the name of a workload of the project, or the path of a YAML file. @throws UsageError */
export function readWorkload(reference: string): LoadPlan {
  const { name, folder, origin, document } = FILES.read(reference);
  return planOf(document, name, origin, folder);
}

/** @param file names the text in errors. @throws UsageError naming line, key, value and what is accepted */
export function parseWorkload(text: string, name: string, file: string, folder = '.'): LoadPlan {
  const { value, origin } = readText(text, file);
  return planOf(value, name, origin, folder);
}

/**
 * @param origin names its keys in errors
 * @param folder where the path of a recording begins
 * @throws UsageError naming key, value and what is accepted
 */
export function planOf(document: unknown, name: string, origin: Origin, folder: string): LoadPlan {
  const isReplay = typeof document === 'object' && document !== null && 'replay' in document;
  return isReplay ? replayOf(document, name, origin, folder) : generatedOf(document, name, origin);
}

function replayOf(document: unknown, name: string, origin: Origin, folder: string): LoadPlan {
  const written = checked(replaySchema, document, origin);
  const { description, replay, speed, root } = written;
  const file = resolve(folder, replay);
  const plan = replayPlan(recordingOf(file, origin));
  if (Object.keys(plan.mix).length === 0)
    throw new UsageError(`${origin.at('replay')}: ${file} has no requests that can be replayed`);
  // One more, so that the last request is due before the end.
  const lengthMs = Math.ceil(plan.lengthMs / speed) + 1;
  if (lengthMs > LOAD_LIMITS.durationMs)
    throw new UsageError(
      `${origin.at('speed')}: ${speed}; accepted is a speed at which the ${plan.lengthMs} ms of the recording last ` +
        `at most ${LOAD_LIMITS.durationMs - 1} ms`,
    );
  const workload = {
    mix: plan.mix,
    valueBytes: 0,
    keyCount: 1,
    skew: { kind: 'uniform' },
    root,
  } as const;
  refuseWhatTheDriverRefuses(() => checkWorkloadSpec({ ...workload, seed: 0 }), origin);
  return {
    name,
    description,
    workload,
    mode: { kind: 'replay', file, speed },
    sessionsPerMember: 1,
    drivers: 1,
    written,
    replay: { nodes: plan.nodes, lengthMs, skipped: plan.skipped },
  };
}

function recordingOf(file: string, origin: Origin): Recording {
  try {
    return readRecording(file);
  } catch (error) {
    if (error instanceof RecordingError)
      throw new UsageError(`${origin.at('replay')}: ${file}: ${error.message}`);
    throw error;
  }
}

function generatedOf(document: unknown, name: string, origin: Origin): LoadPlan {
  const written = checked(workloadSchema, document, origin);
  const { description, operations: mix, arrivals, sessionsPerMember, drivers, ballast, ...rest } = written;
  const workload = { mix, ...rest, ...(ballast !== undefined && { ballast }) };
  if (drivers > sessionsPerMember)
    throw new UsageError(
      `${origin.at('drivers')}: ${drivers}; accepted is at most sessionsPerMember, which is ${sessionsPerMember}`,
    );
  refuseWhatTheDriverRefuses(() => checkWorkloadSpec({ ...workload, seed: 0 }), origin);
  const mode = modeOf(arrivals);
  if (mode.kind === 'profile' && profileMs(mode.segments) > LOAD_LIMITS.durationMs)
    throw new UsageError(
      `${origin.at('arrivals', 'steps')}: ${profileMs(mode.segments)} ms in all; accepted is at most ${LOAD_LIMITS.durationMs} ms`,
    );
  return { name, description, workload, mode, sessionsPerMember, drivers, written };
}

function refuseWhatTheDriverRefuses(check: () => void, origin: Origin): void {
  try {
    check();
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(`${origin.at()}: ${error.message}`);
    throw error;
  }
}

function modeOf(arrivals: z.output<typeof workloadSchema>['arrivals']): LoadMode {
  switch (arrivals.kind) {
    case 'closed':
      return arrivals;
    case 'constant':
    case 'poisson':
      return { kind: 'open', ratePerSecond: arrivals.ratePerSecond, arrivals: arrivals.kind };
    case 'ramp': {
      const { fromPerSecond, toPerSecond, overMs, spacing } = arrivals;
      return {
        kind: 'profile',
        segments: [{ fromPerSecond, toPerSecond, forMs: overMs }],
        arrivals: spacing,
      };
    }
    case 'step': {
      const segments = arrivals.steps.map(({ ratePerSecond, forMs }) => ({
        fromPerSecond: ratePerSecond,
        toPerSecond: ratePerSecond,
        forMs,
      }));
      return { kind: 'profile', segments, arrivals: arrivals.spacing };
    }
  }
}
