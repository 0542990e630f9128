/**
 * What a topology will need at a rate of writes, by the cost model: CPU, bytes and messages of each role,
 * which member and which resource limits the rate, and how long a write takes at least.
 */
import type { Batching } from './batching.ts';
import { type CostModel, type Costs, coresOf, middleShare } from './cost-model.ts';
import {
  type ClientPlace,
  expectedWork,
  type RoleWork,
  type Shape,
  type WriteLoad,
} from './expected-work.ts';
import type { MemberRole } from './work.ts';

/** The machine of each member, and the network between them. */
export interface Machines {
  readonly coresPerMember: number;
  readonly nicBytesPerSecond: number;
  readonly rttMs: number;
  readonly fsyncMs: number;
}

export interface Question {
  readonly shape: Shape;
  readonly load: WriteLoad;
  readonly machines: Machines;
}

/** A value between the ends of what is likely. */
export interface Range {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

const RESOURCES = ['CPU', 'sent bytes', 'received bytes'] as const;
export type Resource = (typeof RESOURCES)[number];

export interface RoleForecast extends RoleWork {
  /** Cores that the member uses. */
  readonly cores: Range;
  /** Share of the network interface, of the busier direction. */
  readonly nicShare: number;
}

export interface Bound {
  readonly role: MemberRole;
  readonly resource: Resource;
  readonly ratePerSecond: Range;
}

export interface WriteLatency {
  readonly from: MemberRole;
  readonly ms: number;
  readonly networkMs: number;
  readonly fsyncMs: number;
  readonly cpuMs: number;
}

export interface Forecast {
  readonly roles: readonly RoleForecast[];
  /** The tightest limit. */
  readonly bound: Bound;
  /** Ms that a member gathers output at this rate; undefined: the rate is too high for any. */
  readonly gatherMs: number | undefined;
  /** Undefined when a member is so busy that queues decide. */
  readonly latencies: readonly WriteLatency[] | undefined;
}

/** One thread does all work of a member but garbage collection, compiling and what the kernel does for it. */
const THREAD_CORES_MAX = 1;
/**
 * A busy server gathers more output, and needs fewer flushes and turns for the same writes. Gathering adds to
 * the latency, so it is bounded.
 */
export const GATHER_MS_MAX = 10;
/** Above this share of its CPU, the latency at a member is that of its queue. */
const BUSY_SHARE_MAX = 0.9;
const RATE_MAX = 10_000_000;
const STEPS = 40;
const COVERED = 0.95;

export function forecast(model: CostModel, question: Question): Forecast {
  const { load, machines } = question;
  const limitCores = usableCores(machines);
  const at = (ratePerSecond: number, gatherMs: number) => workAt(model, question, ratePerSecond, gatherMs);
  const gatherMs = neededGathering(model.costs, limitCores, ms => at(load.ratePerSecond, ms));
  const roles = at(load.ratePerSecond, gatherMs ?? GATHER_MS_MAX).map(
    (each): RoleForecast => ({
      ...each,
      cores: coresRange(model, each),
      nicShare: Math.max(each.bytesPerSecond.sent, each.bytesPerSecond.received) / machines.nicBytesPerSecond,
    }),
  );
  return {
    roles,
    bound: boundOf(model, question),
    gatherMs,
    latencies: roles.every(({ cores }) => cores.value <= BUSY_SHARE_MAX * limitCores)
      ? latenciesOf(question, roles)
      : undefined,
  };
}

export function usableCores({ coresPerMember }: Machines): number {
  return Math.min(THREAD_CORES_MAX, coresPerMember);
}

function workAt(
  { batching, overheads }: CostModel,
  { shape, load }: Question,
  ratePerSecond: number,
  gatherMs: number,
): RoleWork[] {
  return expectedWork(shape, { ...load, ratePerSecond }, stretched(batching, gatherMs), overheads);
}

/** No window is shorter than it was measured. */
function stretched({ fsyncMs, flushMs, turnMs }: Batching, gatherMs: number): Batching {
  return {
    fsyncMs: Math.max(fsyncMs, gatherMs),
    flushMs: Math.max(flushMs, gatherMs),
    turnMs: Math.max(turnMs, gatherMs),
  };
}

/** The shortest gathering with which every member has enough CPU; 0: no more than measured. */
function neededGathering(
  costs: Costs,
  limitCores: number,
  workOf: (gatherMs: number) => readonly RoleWork[],
): number | undefined {
  const fits = (ms: number) => workOf(ms).every(({ work }) => coresOf(work, costs) <= limitCores);
  if (fits(0)) return 0;
  return fits(GATHER_MS_MAX) ? leastWhere(fits, GATHER_MS_MAX) : undefined;
}

/** @param fits false at 0 and true at `max` */
function leastWhere(fits: (value: number) => boolean, max: number): number {
  let [low, high] = [0, max];
  for (let step = 0; step < STEPS; step++) {
    const middle = (low + high) / 2;
    if (fits(middle)) high = middle;
    else low = middle;
  }
  return high;
}

function boundOf(model: CostModel, question: Question): Bound {
  const bounds = workAt(model, question, 1, GATHER_MS_MAX).flatMap(({ role }) =>
    RESOURCES.map((resource): Bound => {
      const value = highestRate(model, question, role, resource, 'value');
      // Nothing is uncertain about the bytes of the protocol.
      const ratePerSecond =
        resource === 'CPU'
          ? {
              value,
              low: highestRate(model, question, role, resource, 'high'),
              high: highestRate(model, question, role, resource, 'low'),
            }
          : { value, low: value, high: value };
      return { role, resource, ratePerSecond };
    }),
  );
  return bounds.reduce((least, each) =>
    each.ratePerSecond.value < least.ratePerSecond.value ? each : least,
  );
}

/** The highest rate that one resource of one member of the role can take, if it needs this much CPU. */
function highestRate(
  model: CostModel,
  question: Question,
  role: MemberRole,
  resource: Resource,
  cpu: keyof Range,
): number {
  const { machines } = question;
  const isTooMuch = (rate: number) => {
    const of = workAt(model, question, rate, GATHER_MS_MAX).find(each => each.role === role)!;
    if (resource === 'CPU') return coresRange(model, of)[cpu] > usableCores(machines);
    const bytes = of.bytesPerSecond[resource === 'sent bytes' ? 'sent' : 'received'];
    return bytes > machines.nicBytesPerSecond;
  };
  return isTooMuch(RATE_MAX) ? leastWhere(isTooMuch, RATE_MAX) : RATE_MAX;
}

/** The CPU by all fits, widened by what nine in ten held-out cells of the role stayed below. */
function coresRange(model: CostModel, { role, work }: RoleWork): Range {
  const value = coresOf(work, model.costs);
  const { low, high } = middleShare(
    model.resampled.map(costs => coresOf(work, costs)),
    COVERED,
  );
  const error = model.errorBound[role];
  return { value, low: Math.min(low, value) / (1 + error), high: Math.max(high, value) * (1 + error) };
}

/** Where a write comes from, by the place of the clients. */
const SOURCES: Readonly<Record<ClientPlace, readonly MemberRole[]>> = {
  leader: ['leader'],
  voters: ['leader', 'follower'],
  observers: ['observer'],
  all: ['leader', 'follower', 'observer'],
};

function latenciesOf(question: Question, roles: readonly RoleForecast[]): WriteLatency[] {
  const present = SOURCES[question.load.clients].filter(from => roles.some(({ role }) => role === from));
  return present.map(from => latencyOf(from, question, roles));
}

/**
 * The way of a write: from its member to the leader, to the followers and back, and back to its member; an
 * fsync; and a turn of each member on the way. The leader's own fsync runs meanwhile.
 */
export function latencyOf(
  from: MemberRole,
  { shape, machines }: Question,
  roles: readonly RoleForecast[],
): WriteLatency {
  const byRole = new Map(roles.map(each => [each.role, each]));
  const turnMs = (role: MemberRole, turns: number) => {
    const of = byRole.get(role);
    return of === undefined ? 0 : turns * busyTurnMs(of, usableCores(machines));
  };
  const hasFollowers = shape.voters > 1;
  const throughMaster = from === 'observer' && shape.masters && hasFollowers;
  const roundTrips = (hasFollowers ? 1 : 0) + (from === 'leader' ? 0 : 1) + (throughMaster ? 1 : 0);
  const cpuMs =
    turnMs('leader', 2) +
    (hasFollowers ? turnMs('follower', throughMaster ? 4 : 2) : 0) +
    (from === 'leader' ? 0 : turnMs(from, 2));
  const networkMs = roundTrips * machines.rttMs;
  const rate = byRole.get('leader')!.work.fsync;
  // One that is in flight must end first.
  const waitMs = (Math.min(1, (rate * machines.fsyncMs) / 1000) * machines.fsyncMs) / 2;
  const fsyncMs = machines.fsyncMs + waitMs;
  return { from, ms: networkMs + fsyncMs + cpuMs, networkMs, fsyncMs, cpuMs };
}

/** A turn, and the turn that runs when its event comes: the wait in a queue of equal services. */
function busyTurnMs({ cores, work }: RoleForecast, limitCores: number): number {
  const share = cores.value / limitCores;
  const ms = work.turn === 0 ? 0 : (share * 1000) / work.turn;
  return ms * (1 + share / (2 * (1 - share)));
}
