/** One window of one cell: a paced load, the work that each member counted, and the CPU that it used. */
import type { WorkWindow } from '../../results/schema.ts';
import type { LoadDriver } from '../load/load-process.ts';
import type { LoadResult, LoadTarget } from '../load/load-spec.ts';
import type { WorkloadSpec } from '../load/workload/workload.ts';
import { countersBetween, countersOf, type MemberCounters } from '../measure/counters.ts';
import type { Ensemble } from '../topology/ensemble.ts';
import { mntr } from '../topology/four-letter.ts';
import type { Member } from '../topology/member.ts';
import type { Cell, PacedLoad } from './cells.ts';
import type { ClientPlace } from './expected-work.ts';
import { type MemberRole, memberWork } from './work.ts';

/** Sessions on each member that has clients. */
export const SESSIONS = 8;
const KEYS = 200;
/** Before the load counts for latencies. For work and CPU, the whole load counts. */
const SETTLE_MS = 200;

export interface WindowOptions {
  readonly cell: Cell;
  readonly ensemble: Ensemble;
  readonly driver: LoadDriver;
  readonly paced: PacedLoad;
  readonly windowMs: number;
  readonly round: number;
}

export interface MeasuredWindow {
  readonly window: WorkWindow;
  readonly load: LoadResult;
}

export function workloadOf({ valueBytes }: Pick<PacedLoad, 'valueBytes'>): WorkloadSpec {
  return { mix: { setData: 1 }, valueBytes, keyCount: KEYS, skew: { kind: 'uniform' }, seed: 1 };
}

/** @throws Error when the leader changed, nothing was committed, or a member does not count its work */
export async function measureWindow(options: WindowOptions): Promise<MeasuredWindow> {
  const { cell, ensemble, driver, paced, windowMs, round } = options;
  const { members } = ensemble;
  const leader = await ensemble.leaderWithin();
  const targets = targetsAt(cell.clients, members, leader);
  const before = await readings(members);
  const load = await driver.run({
    targets,
    sessionsPerTarget: SESSIONS,
    workload: workloadOf(paced),
    mode: { kind: 'open', ratePerSecond: paced.ratePerSecond, arrivals: 'poisson' },
    warmupMs: SETTLE_MS,
    durationMs: windowMs,
  });
  const after = await readings(members);
  const now = await ensemble.leaderWithin();
  if (now !== leader) throw new Error(`${now.name} leads in place of ${leader.name}`);
  const rows = members.map((member, at) => {
    const [from, to] = [before[at]!, after[at]!];
    const seconds = (to.atMs - from.atMs) / 1000;
    const role = roleOf(member, leader);
    const counted = memberWork(role, countersBetween(from.counters, to.counters), seconds);
    if (counted === undefined) throw new Error(`${member.name} does not count its work`);
    return { member: member.name, cpuUs: to.cpuUs - from.cpuUs, seconds, ...counted };
  });
  const ofLeader = rows[members.indexOf(leader)]!;
  if (ofLeader.work.led === 0) throw new Error('nothing was committed');
  const voters = members.filter(({ plan }) => plan.role === 'participant').length;
  const { p50Us } = load.service;
  const window: WorkWindow = {
    topology: cell.name,
    round,
    isHeldOut: cell.isHeldOut,
    voters,
    observers: members.length - voters + cell.sinks,
    masters: ensemble.plan.topology.observerMasters,
    seconds: ofLeader.seconds,
    ratePerSecond: paced.ratePerSecond,
    committedPerSecond: ofLeader.work.led / ofLeader.seconds,
    valueBytes: paced.valueBytes,
    clients: cell.clients,
    sessions: SESSIONS,
    latencyP50Us: p50Us ?? null,
    members: rows.map(({ member, role, cpuUs, work, sent, clientBytesReceived }) => ({
      ...{ member, role, cpuUs, work, clientBytesReceived },
      sent: { ...sent },
    })),
  };
  return { window, load };
}

interface Reading {
  readonly counters: MemberCounters;
  readonly cpuUs: number;
  readonly atMs: number;
}

/** One member after the other, so that none waits for a core while its neighbours answer. */
async function readings(members: readonly Member[]): Promise<Reading[]> {
  const all: Reading[] = [];
  for (const member of members) {
    const counters = countersOf(await mntr(member.plan.ports.client));
    const cpuMs = member.host.threadsCpuMs(member.pid);
    if (cpuMs === null) throw new Error(`the CPU of ${member.name} cannot be read`);
    all.push({ counters, cpuUs: cpuMs * 1000, atMs: performance.now() });
  }
  return all;
}

function roleOf(member: Member, leader: Member): MemberRole {
  if (member === leader) return 'leader';
  return member.plan.role === 'participant' ? 'follower' : 'observer';
}

function targetsAt(place: ClientPlace, members: readonly Member[], leader: Member): LoadTarget[] {
  const isAt = ({ plan }: Member) =>
    place === 'all' || (plan.role === 'participant') === (place !== 'observers');
  const at = place === 'leader' ? [leader] : members.filter(isAt);
  return at.map(({ name, plan }) => ({ name, ...plan.ports.client }));
}
