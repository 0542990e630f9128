/**
 * Writes under one condition: first at the maximum rate (closed loop), then their latency at a steady rate
 * (open loop).
 */
import type { ProcessSample } from '../../../bench/hosts/process-usage.ts';
import type { LoadDriver } from '../../../bench/load/load-process.ts';
import type { LoadResult, LoadSpec, LoadTarget } from '../../../bench/load/load-spec.ts';
import { latencyVoidReasons, throughputVoidReasons } from '../../../bench/load/load-validity.ts';
import type { WorkloadSpec } from '../../../bench/load/workload/workload.ts';
import type { MemberCounters } from '../../../bench/measure/counters.ts';
import {
  type CountedSince,
  countedRoles,
  countedSince,
  exactCountsOf,
  readCounters,
  whyUncounted,
} from '../../../bench/measure/exact-counts.ts';
import { cpuBetween } from '../../../bench/measure/process-sampler.ts';
import { mntr } from '../../../bench/topology/four-letter.ts';
import type { Member } from '../../../bench/topology/member.ts';
import type { RoleAssignment, Stage } from '../stage.ts';
import type { Suite } from '../suite.ts';

export interface WriteLoad {
  readonly driver: LoadDriver;
  /**
   * Driver of the reads beside the writes. In a session that also writes, a read would wait behind that
   * session's writes.
   */
  readonly readDriver: LoadDriver;
  readonly load: Suite['load'];
  readonly seed: number;
  /** When it is aborted, loads end early and no new one begins. */
  readonly signal: AbortSignal;
}

/** The loads of a condition: as many writes as go, and writes at a steady pace for their latency. */
export const LOAD_KINDS = ['saturated', 'paced'] as const;
export type LoadKind = (typeof LOAD_KINDS)[number];

/** The results of one condition in one round. They are recorded once it is known whether the fault bit. */
export interface WriteSample {
  /** Absent when only the latency was asked for. */
  readonly saturated: SaturatedSample | undefined;
  /** Absent when only the throughput was asked for. */
  readonly paced: LoadResult | undefined;
  /**
   * Reads at one observer during the paced writes. Absent when there is no observer, or none can be reached.
   */
  readonly reads: LoadResult | undefined;
}

export interface SaturatedSample {
  readonly load: LoadResult;
  /** How long its clients waited for their sessions. */
  readonly openingMs: number;
  /** For Apache's servers, which count no traffic, only the connections. */
  readonly counts: Record<string, number>;
  /** Why there are no counts per write, although the members can count. */
  readonly uncounted: string | undefined;
  readonly leaderCpuUsPerWrite: number | undefined;
  /** CPU that one observer used during the closed loop, in cores. */
  readonly observerCores: number | undefined;
}

export function workloadOf({ load, seed }: Pick<WriteLoad, 'load' | 'seed'>): WorkloadSpec {
  const { valueBytes, keyCount } = load;
  return { mix: { setData: 1 }, valueBytes, keyCount, skew: { kind: 'uniform' }, seed };
}

/** A node that the preload has created. */
export const PROBED_PATH = '/load/d0/k0';

function targetOf(member: Member, role: string): LoadTarget {
  return { name: member.name, ...member.plan.ports.client, role };
}

/**
 * The leader and one follower, the same in every topology and condition. Faults never target this follower.
 */
export function voterTargets({ leader, keptFollower }: RoleAssignment): LoadTarget[] {
  return [leader, ...(keptFollower === undefined ? [] : [keptFollower])].map(each => targetOf(each, 'voter'));
}

export interface WriteOptions {
  /** Members that a fault cuts off. They are neither loaded nor waited for. */
  readonly cut?: readonly Member[];
  /** Whether a fault is in force. Then nothing that the servers leave undone is tried a second time. */
  readonly underFault?: boolean;
  /** @default both */
  readonly loads?: readonly LoadKind[];
}

export async function measureWrites(
  stage: Stage,
  assignment: RoleAssignment,
  write: WriteLoad,
  { cut = [], underFault = false, loads = LOAD_KINDS }: WriteOptions = {},
): Promise<WriteSample> {
  const saturated = loads.includes('saturated')
    ? await unlessVoid(
        write.signal,
        () => saturatedLoad(stage, assignment, write, { cut, underFault }),
        sample => throughputVoidReasons(sample.load, !underFault),
      )
    : undefined;
  if (!loads.includes('paced')) return { saturated, paced: undefined, reads: undefined };
  const both = await unlessVoid(
    write.signal,
    () => pacedLoads(assignment, write, cut),
    ({ paced, reads }) => [
      ...latencyVoidReasons(paced, 'median', !underFault),
      ...(reads === undefined ? [] : latencyVoidReasons(reads, 'median', !underFault)),
    ],
  );
  return { saturated, ...both };
}

/** Loads several ensembles at once and throws the results away: together they get warm in less time. */
export async function loadTogether(
  assignments: readonly RoleAssignment[],
  { driver, load, seed }: WriteLoad,
): Promise<void> {
  await driver.run({
    ...common(load, seed),
    targets: assignments.flatMap(voterTargets),
    mode: { kind: 'closed', depth: load.depth },
    durationMs: load.saturatedMs,
  });
}

/** Tries a second time only when the machine spoilt the load, and never because of its result. */
async function unlessVoid<T>(
  signal: AbortSignal,
  measure: () => Promise<T>,
  reasonsOf: (sample: T) => readonly string[],
): Promise<T> {
  signal.throwIfAborted();
  const first = await measure();
  signal.throwIfAborted();
  return reasonsOf(first).length === 0 ? first : measure();
}

async function saturatedLoad(
  stage: Stage,
  assignment: RoleAssignment,
  { driver, load, seed }: WriteLoad,
  { cut, underFault }: Required<Pick<WriteOptions, 'cut' | 'underFault'>>,
): Promise<SaturatedSample> {
  // A member that is cut off soon serves nobody, and then does not report its counts.
  const members = stage.ensemble.members.filter(member => !cut.includes(member));
  const { leader } = assignment;
  const observers = assignment.observers.filter(member => !cut.includes(member));
  const watched = observers[0];
  const before = await countsOf(underFault, () => readCounters(members));
  const cpuBefore = cpuOf(leader, watched);
  const begunAtMs = Date.now();
  const saturated = await driver.run({
    ...common(load, seed),
    targets: voterTargets(assignment),
    mode: { kind: 'closed', depth: load.depth },
    durationMs: load.saturatedMs,
  });
  const cpuAfter = cpuOf(leader, watched);
  const level = members.map(({ name }) => name);
  const since =
    before && (await countsOf(underFault, () => countedSince(before, members, leader.name, level)));
  const { deltas, isLevel, behind } = since ?? NOTHING_COUNTED;
  const committed = deltas.get(leader.name)?.committed;
  const writes = committed ?? saturated.totals.writesOkWithWarmup;
  const uncounted = whyUncounted(isLevel, committed, saturated.totals.writesOkWithWarmup);
  const counts = exactCountsOf(deltas, countedRoles(members, leader));
  return {
    load: saturated,
    openingMs: Date.parse(saturated.measuredFrom) - load.warmupMs - begunAtMs,
    counts: {
      ...(uncounted === undefined && counts),
      ...(committed !== undefined && { membersBehind: behind }),
      ...(await countsOf(underFault, () => leaderConnections(leader))),
    },
    uncounted,
    leaderCpuUsPerWrite: cpuUsPerWrite(cpuBefore.leaderMs, cpuAfter.leaderMs, writes),
    observerCores: coresBetween(cpuBefore.observer, cpuAfter.observer),
  };
}

const NOTHING_COUNTED: CountedSince = {
  deltas: new Map<string, MemberCounters>(),
  isLevel: false,
  behind: 0,
};

/** Under a fault a member may stop serving, and then there are no counts. Without one, that is trouble. */
async function countsOf<T>(underFault: boolean, read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (!underFault) throw error;
    return undefined;
  }
}

function cpuOf(leader: Member, observer: Member | undefined) {
  return { leaderMs: leader.host.threadsCpuMs(leader.pid), observer: observer?.usage() ?? null };
}

function cpuUsPerWrite(fromMs: number | null, toMs: number | null, writes: number): number | undefined {
  return fromMs === null || toMs === null || writes === 0 ? undefined : ((toMs - fromMs) * 1_000) / writes;
}

function coresBetween(from: ProcessSample | null, to: ProcessSample | null): number | undefined {
  return from === null || to === null ? undefined : cpuBetween(from, to, 0).cores;
}

/** Writes to the voters and, at the same time, reads from one observer. */
async function pacedLoads(
  assignment: RoleAssignment,
  { driver, readDriver, load, seed }: WriteLoad,
  cut: readonly Member[],
): Promise<{ paced: LoadResult; reads: LoadResult | undefined }> {
  const observer = assignment.observers.find(member => !cut.includes(member));
  const { ratePerTarget, readsPerSecond = ratePerTarget } = load;
  const at = (targets: LoadTarget[], mix: WorkloadSpec['mix'], ratePerSecond: number): LoadSpec => ({
    ...common(load, seed),
    targets,
    workload: { ...workloadOf({ load, seed }), mix },
    mode: { kind: 'open', ratePerSecond, arrivals: 'poisson' },
    durationMs: load.pacedMs,
  });
  const voters = voterTargets(assignment);
  const [paced, reads] = await Promise.all([
    driver.run(at(voters, { setData: 1 }, ratePerTarget * voters.length)),
    observer && readDriver.run(at([targetOf(observer, 'observer')], { getData: 1 }, readsPerSecond)),
  ]);
  return { paced, reads };
}

function common(
  load: Suite['load'],
  seed: number,
): Pick<LoadSpec, 'sessionsPerTarget' | 'workload' | 'warmupMs'> {
  const { sessionsPerTarget, warmupMs } = load;
  return { sessionsPerTarget, workload: workloadOf({ load, seed }), warmupMs };
}

async function leaderConnections(leader: Member): Promise<Record<string, number>> {
  const learners = (await mntr(leader.plan.ports.client)).numbers.get('learners');
  return learners === undefined ? {} : { leaderConnections: learners };
}
