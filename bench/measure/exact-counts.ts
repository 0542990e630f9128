/** Exact counts: what the members counted during one load, per committed write. They involve no clock. */
import { setTimeout as sleep } from 'node:timers/promises';
import { mntr } from '../topology/four-letter.ts';
import type { Member } from '../topology/member.ts';
import { countersBetween, countersOf, type MemberCounters, type TrafficCount } from './counters.ts';

export type Counters = ReadonlyMap<string, MemberCounters>;

/** How long to wait until members that are not cut off have applied what the leader committed. */
const LEVEL_MAX_MS = 5_000;
const POLL_MS = 20;

export async function readCounters(members: readonly Member[]): Promise<Counters> {
  const pairs = members.map(
    async member => [member.name, countersOf(await mntr(member.plan.ports.client))] as const,
  );
  return new Map(await Promise.all(pairs));
}

export interface CountedSince {
  readonly deltas: Counters;
  /**
   * False: some members had not committed as much as the leader in time, so nothing here is a count per
   * write.
   */
  readonly isLevel: boolean;
  /** How many of the `level` members had committed less than the leader. */
  readonly behind: number;
}

/**
 * What was counted since `before`. It first waits until the `level` members have committed as much as the
 * leader; earlier counts would miss messages that are on their way.
 */
export async function countedSince(
  before: Counters,
  members: readonly Member[],
  leader: string,
  level: readonly string[],
): Promise<CountedSince> {
  const giveUpAt = performance.now() + LEVEL_MAX_MS;
  for (;;) {
    const now = await readCounters(members);
    const deltas = new Map(
      [...now].map(([name, after]) => [name, countersBetween(before.get(name)!, after)]),
    );
    const committed = deltas.get(leader)?.committed;
    const behind = behindOf(deltas, leader, level);
    // A member that was behind when the counting began has counted more than the leader, and more waiting
    // does not change that.
    const isLevel = level.every(name => deltas.get(name)?.committed === committed);
    if (behind === 0 || performance.now() > giveUpAt) return { deltas, isLevel, behind };
    await sleep(POLL_MS);
  }
}

function behindOf(deltas: Counters, leader: string, level: readonly string[]): number {
  const committed = deltas.get(leader)?.committed ?? 0;
  return level.filter(name => (deltas.get(name)?.committed ?? 0) < committed).length;
}

/**
 * Why the counts are not per write; undefined when they are. `committed` is undefined for servers that do not
 * count.
 */
export function whyUncounted(
  isLevel: boolean,
  committed: number | undefined,
  clientWrites: number,
): string | undefined {
  if (committed === undefined) return undefined;
  if (!isLevel)
    return 'members lagged behind the leader when the load was over: nothing is counted per write';
  return committed < clientWrites
    ? `clients wrote ${clientWrites} and the leader committed ${committed}: nothing is counted per write`
    : undefined;
}

export interface CountedRoles {
  readonly leader: string;
  readonly followers: readonly string[];
  readonly observers: readonly string[];
}

/** What these members are while one of them leads. */
export function countedRoles(members: readonly Member[], leader: Member): CountedRoles {
  const namesOf = (role: Member['plan']['role']) =>
    members.filter(member => member.plan.role === role && member !== leader).map(({ name }) => name);
  return { leader: leader.name, followers: namesOf('participant'), observers: namesOf('observer') };
}

/** The messages that a commit costs. Writes do not cause the rest (pings, handshakes, elections). */
const WRITE_KINDS = ['proposal', 'ack', 'commit', 'inform', 'request'] as const;
type Kind = (typeof WRITE_KINDS)[number] | 'ping' | 'sync';

/**
 * Counts per committed write; undefined when the servers count no traffic, as Apache ZooKeeper. PING is a
 * separate total. What is counted of a follower or an observer leaves out REQUEST, which depends on where the
 * clients are.
 */
export function exactCountsOf(deltas: Counters, roles: CountedRoles): Record<string, number> | undefined {
  const leader = deltas.get(roles.leader);
  const writes = leader?.committed ?? 0;
  const all = [...deltas.values()];
  if (leader === undefined || writes === 0 || all.every(({ traffic }) => traffic.size === 0))
    return undefined;
  const pick = (names: readonly string[]) => names.flatMap(name => deltas.get(name) ?? []);
  const [followers, observers] = [pick(roles.followers), pick(roles.observers)];
  const everything = sumOf(all, 'sent', WRITE_KINDS);
  const byLeader = sumOf([leader], 'sent', WRITE_KINDS);
  const sentByLeader = (kind: Kind) => sumOf([leader], 'sent', [kind]).messages / writes;
  return {
    messagesPerWrite: everything.messages / writes,
    bytesPerWrite: everything.bytes / writes,
    leaderMessagesPerWrite: byLeader.messages / writes,
    leaderBytesPerWrite: byLeader.bytes / writes,
    ...fsyncCounts(all, leader, writes),
    proposalsSentByLeaderPerWrite: sentByLeader('proposal'),
    commitsSentByLeaderPerWrite: sentByLeader('commit'),
    informsSentByLeaderPerWrite: sentByLeader('inform'),
    acksToLeaderPerWrite: sumOf([leader], 'received', ['ack']).messages / writes,
    requestsPerWrite: sumOf(all, 'sent', ['request']).messages / writes,
    ...(followers.length > 0 && countsOfALearner('follower', followers, writes)),
    ...(observers.length > 0 && {
      ...countsOfALearner('observer', observers, writes),
      acksFromObservers: sumOf(observers, 'sent', ['ack']).messages,
    }),
    pingsDuringTheLoad: sumOf(all, 'sent', ['ping']).messages,
  };
}

/**
 * What members asked the leader for, beside the transactions that it committed: 0 when they answer reads
 * themselves. Nothing for a load without reads, and for servers that do not count.
 */
export function requestsPerRead(leader: MemberCounters | undefined, reads: number): Record<string, number> {
  if (leader?.committed === undefined || reads === 0) return {};
  const asked = sumOf([leader], 'received', ['request', 'sync']).messages;
  return { requestsToLeaderPerRead: Math.max(0, asked - leader.committed) / reads };
}

/**
 * The average of what a learner receives from its master and answers, and of its fsyncs. Messages to an
 * observer master's own observers do not count here.
 */
function countsOfALearner(
  role: 'follower' | 'observer',
  learners: readonly MemberCounters[],
  writes: number,
): Record<string, number> {
  const heard = sumOf(learners, 'received', ['proposal', 'commit', 'inform'], 'master');
  const said = sumOf(learners, 'sent', ['ack'], 'master');
  const perWrite = (sum: number) => sum / learners.length / writes;
  const fsyncs = learners.reduce((sum, each) => sum + (each.fsyncs ?? Number.NaN), 0);
  return {
    [`${role}MessagesPerWrite`]: perWrite(heard.messages + said.messages),
    [`${role}BytesPerWrite`]: perWrite(heard.bytes + said.bytes),
    ...(Number.isFinite(fsyncs) && { [`${role}FsyncsPerWrite`]: perWrite(fsyncs) }),
  };
}

function fsyncCounts(
  all: readonly MemberCounters[],
  leader: MemberCounters,
  writes: number,
): Record<string, number> {
  if (leader.fsyncs === undefined) return {};
  const fsyncs = all.reduce((sum, { fsyncs = 0 }) => sum + fsyncs, 0);
  return { fsyncsPerWrite: fsyncs / writes, leaderFsyncsPerWrite: leader.fsyncs / writes };
}

function sumOf(
  of: readonly MemberCounters[],
  direction: 'sent' | 'received',
  kinds: readonly Kind[],
  peer?: string,
): TrafficCount {
  const sum = { messages: 0, bytes: 0 };
  for (const { traffic } of of) {
    for (const [key, count] of traffic) {
      const [way, kind, other] = key.split(' ');
      if (way !== direction || !kinds.some(each => each === kind)) continue;
      if (peer !== undefined && other !== peer) continue;
      sum.messages += count.messages;
      sum.bytes += count.bytes;
    }
  }
  return sum;
}
