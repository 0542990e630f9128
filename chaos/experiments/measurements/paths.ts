/**
 * What an operation costs by the member at which it enters: one write at a time, so that nothing is batched,
 * and reads. The counts involve no clock; the latency of the single writes does.
 */
import type { LoadDriver } from '../../../bench/load/load-process.ts';
import type { LoadSpec } from '../../../bench/load/load-spec.ts';
import { throughputVoidReasons } from '../../../bench/load/load-validity.ts';
import { preload } from '../../../bench/load/workload/preload.ts';
import { LatencyHistogram } from '../../../bench/measure/histograms.ts';
import type { Recorder } from '../../../bench/measure/recorder.ts';
import type { Member } from '../../../bench/topology/member.ts';
import { CONDITIONS, sizedCondition } from '../../../results/names.ts';
import type { RoleAssignment, Stage } from '../stage.ts';
import { countedLoad } from './counted-load.ts';
import { type WriteLoad, workloadOf } from './throughput.ts';

/** A load at one member. */
export interface Path {
  readonly condition: string;
  /** Undefined when the topology has no such member. */
  at(assignment: RoleAssignment): Member | undefined;
  readonly kind: 'writes' | 'reads';
  /** @default that of the suite, and its nodes */
  readonly valueBytes?: number;
}

export interface PathContext {
  readonly stage: Stage;
  readonly round: number;
  readonly start?: number;
  readonly recorder: Recorder;
  readonly driver: LoadDriver;
  readonly write: Pick<WriteLoad, 'load' | 'seed'>;
  readonly windowMs: number;
}

/** Single writes at a learner, which forwards them. */
export const LEARNER_PATHS: readonly Path[] = [
  { condition: CONDITIONS.singleAtFollower, at: ({ keptFollower }) => keptFollower, kind: 'writes' },
  { condition: CONDITIONS.singleAtObserver, at: ({ observers }) => observers[0], kind: 'writes' },
];

export const WRITE_PATHS: readonly Path[] = [
  { condition: CONDITIONS.singleAtLeader, at: ({ leader }) => leader, kind: 'writes' },
  ...LEARNER_PATHS,
];

export const READ_PATHS: readonly Path[] = [
  { condition: CONDITIONS.readsAtFollower, at: ({ keptFollower }) => keptFollower, kind: 'reads' },
  { condition: CONDITIONS.readsAtObserver, at: ({ observers }) => observers[0], kind: 'reads' },
];

/** Writes at the leader, so that no request is on the links of its learners. */
export function sizedPaths(sizes: readonly number[]): Path[] {
  return sizes.map(valueBytes => ({
    condition: sizedCondition(valueBytes),
    at: ({ leader }) => leader,
    kind: 'writes',
    valueBytes,
  }));
}

/** How many operations the counts are about. It depends on the machine; what each cost does not. */
const COUNTED = 'countedOperations';
/** Requests in flight of the only session that reads. */
const READS_DEPTH = 16;
/** Writes of other sizes have nodes of their own, which are few, so that the tree stays small. */
const SIZED = { root: '/sized', keyCount: 10 } as const;

/** Counts what the operations cost. @throws LoadError; Error when the members do not become level after it */
export async function countPath(context: PathContext, path: Path): Promise<void> {
  const { stage, round, start, recorder, driver, write } = context;
  const assignment = await stage.assignRoles();
  const spec = specOf(context, path, assignment);
  if (spec === undefined) return;
  if (path.valueBytes !== undefined)
    await preload(assignment.leader.plan.ports.client, spec.workload, write.load.sessionsPerTarget);
  const { load, counts, uncounted } = await countedLoad(stage, assignment, driver, spec);
  const place = { metric: COUNTED, topology: stage.name, condition: path.condition };
  if (load.totals.ok === 0) return recorder.voided(place, round, 'no operation succeeded');
  recorder.sample(place, round, load.totals.ok, start);
  recorder.counts(place, counts);
  if (uncounted !== undefined) recorder.warned(place, round, uncounted);
}

/** The latency of one write at a time. @throws LoadError */
export async function timePath(context: PathContext, path: Path): Promise<void> {
  const { stage, round, start, recorder, driver } = context;
  const spec = specOf(context, path, await stage.assignRoles());
  if (spec === undefined) return;
  const load = await driver.run(spec);
  const place = { metric: 'loneWriteLatencyP50', topology: stage.name, condition: path.condition };
  const latency = new LatencyHistogram();
  for (const { service } of load.operations) latency.merge(LatencyHistogram.decode(service));
  const { p50Us } = latency.percentiles();
  // One write at a time makes few writes on a slow machine, and a median needs no more than a few.
  const reasons = throughputVoidReasons(load, false);
  if (reasons.length > 0 || p50Us === undefined)
    return recorder.voided(place, round, reasons.join('; ') || 'too few writes for a median');
  recorder.sample(place, round, p50Us / 1_000, start);
}

/** Undefined when the topology has no such member. */
function specOf(
  { write, windowMs }: PathContext,
  path: Path,
  assignment: RoleAssignment,
): LoadSpec | undefined {
  const { at, kind, valueBytes } = path;
  const member = at(assignment);
  if (member === undefined) return undefined;
  const base = workloadOf(write);
  return {
    targets: [{ name: member.name, ...member.plan.ports.client }],
    sessionsPerTarget: 1,
    workload: {
      ...base,
      ...(kind === 'reads' && { mix: { getData: 1 } }),
      ...(valueBytes !== undefined && { ...SIZED, valueBytes }),
    },
    mode: { kind: 'closed', depth: kind === 'reads' ? READS_DEPTH : 1 },
    warmupMs: 0,
    durationMs: windowMs,
  };
}
