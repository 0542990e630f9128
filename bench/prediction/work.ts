/** What a member does that costs CPU, as its own counters tell it. */
import type { MemberCounters } from '../measure/counters.ts';

/** The kinds of work, with what one of each is. Costs are µs of CPU for one. */
export const WORK = {
  second: 'second of being up: ticks, pings, timers',
  turn: 'turn of the event loop with work in it',
  flush: 'output of one connection in one turn',
  fsync: 'fsync of the log',
  led: 'write that the leader prepares, logs and applies',
  followed: 'write that a follower logs, acknowledges and applies',
  observed: 'write that an observer logs and applies',
  followerTold: 'write that is sent to one follower, with its ack',
  observerTold: 'write that is sent to one observer',
  request: 'request of a client, with its reply',
  forwarded: 'request that is sent to the leader, or comes from a learner',
  kilobyte: '1,000 bytes sent or received',
} as const;
export type WorkKind = keyof typeof WORK;
export const WORK_KINDS = Object.keys(WORK) as WorkKind[];

/** Amounts by kind. */
export type Work = Readonly<Record<WorkKind, number>>;

export const MEMBER_ROLES = ['leader', 'follower', 'observer'] as const;
export type MemberRole = (typeof MEMBER_ROLES)[number];

/** Messages of a committed write between members. Others (pings, elections) belong to the second. */
export const MESSAGE_KINDS = ['proposal', 'ack', 'commit', 'inform', 'request'] as const;
export type MessageKind = (typeof MESSAGE_KINDS)[number];

export interface Traffic {
  readonly messages: number;
  readonly bytes: number;
}

/** Sent and received together, for each kind. */
export type TrafficByKind = Readonly<Record<MessageKind, Traffic>>;

/** What one member did between two moments. */
export interface MemberWork {
  readonly role: MemberRole;
  readonly work: Work;
  readonly sent: TrafficByKind;
  readonly clientBytesReceived: number;
}

/**
 * @param delta what the member counted within `seconds`
 * @returns undefined for a server that does not count its work, such as Apache ZooKeeper
 */
export function memberWork(role: MemberRole, delta: MemberCounters, seconds: number): MemberWork | undefined {
  const { committed, fsyncs, turns, flushes, clientPackets, clientBytesReceived, clientBytesSent } = delta;
  const plain = [committed, fsyncs, turns, flushes, clientPackets, clientBytesReceived, clientBytesSent];
  if (plain.some(value => value === undefined)) return undefined;
  const sent = trafficOf(delta, 'sent');
  const received = trafficOf(delta, 'received');
  const bytes = [...Object.values(sent), ...Object.values(received)].reduce(
    (sum, each) => sum + each.bytes,
    0,
  );
  const of = (which: MemberRole) => (role === which ? committed! : 0);
  return {
    role,
    work: {
      second: seconds,
      turn: turns!,
      flush: flushes!,
      fsync: fsyncs!,
      led: of('leader'),
      followed: of('follower'),
      observed: of('observer'),
      followerTold: sent.proposal.messages,
      observerTold: sent.inform.messages,
      request: clientPackets!,
      forwarded: sent.request.messages + received.request.messages,
      kilobyte: (bytes + clientBytesReceived! + clientBytesSent!) / 1000,
    },
    sent,
    clientBytesReceived: clientBytesReceived!,
  };
}

function trafficOf({ traffic }: MemberCounters, way: 'sent' | 'received'): TrafficByKind {
  const sums = Object.fromEntries(MESSAGE_KINDS.map(kind => [kind, { messages: 0, bytes: 0 }]));
  for (const [key, { messages, bytes }] of traffic) {
    const [direction, kind = ''] = key.split(' ');
    const sum = sums[kind];
    if (direction !== way || sum === undefined) continue;
    sum.messages += messages;
    sum.bytes += bytes;
  }
  return sums as TrafficByKind;
}
