/**
 * The exact channel of evidence: what the servers counted between two moments, divided by what was committed.
 * Free of hardware and of time; a message more per write is a message more on any machine.
 */
import type { Mntr } from './four-letter.ts';

export interface TrafficCount {
  messages: number;
  bytes: number;
}

export interface MemberCounters {
  /** "sent proposal sid_2" -> count. */
  traffic: Map<string, TrafficCount>;
  fsyncs: number | undefined;
  committed: number | undefined;
}

export interface CountersPerWrite {
  /** What the counts were divided by: transactions committed in that time. */
  writes: number;
  members: {
    name: string;
    fsyncsPerWrite: number | undefined;
    /** Undefined when the server counts no traffic: Apache's does not. */
    sentMessagesPerWrite: number | undefined;
    sentBytesPerWrite: number | undefined;
    /** By kind: proposal, commit, inform, ack, ping ... */
    sentByKind: Record<string, { messagesPerWrite: number; bytesPerWrite: number }>;
  }[];
  /** What makes the numbers wrong; empty when nothing does. */
  problems: string[];
}

/** The kind may hold underscores; the peer is "sid_<n>" or one word. */
const TRAFFIC_KEY = /^traffic_(sent|received)_(.+?)_(sid_\d+|[^_]+)_(messages|bytes)$/;

export function countersOf(mntr: Mntr): MemberCounters {
  const traffic = new Map<string, TrafficCount>();
  for (const [key, value] of mntr.numbers) {
    const match = TRAFFIC_KEY.exec(key);
    if (match === null) continue;
    const [, direction, kind, peer, unit] = match;
    const name = `${direction} ${kind} ${peer}`;
    const count = traffic.get(name) ?? { messages: 0, bytes: 0 };
    count[unit as 'messages' | 'bytes'] = value;
    traffic.set(name, count);
  }
  return {
    traffic,
    fsyncs: mntr.numbers.get('fsync_count'),
    committed: mntr.numbers.get('txn_committed_count'),
  };
}

/** Later minus earlier. A link that is new counts from 0. @throws RangeError when a count went down: a restart */
export function countersBetween(from: MemberCounters, to: MemberCounters): MemberCounters {
  const traffic = new Map<string, TrafficCount>();
  for (const [name, count] of to.traffic) {
    const before = from.traffic.get(name) ?? { messages: 0, bytes: 0 };
    traffic.set(name, {
      messages: difference(name, before.messages, count.messages),
      bytes: difference(name, before.bytes, count.bytes),
    });
  }
  return {
    traffic,
    fsyncs: differenceOrNone('fsync_count', from.fsyncs, to.fsyncs),
    committed: differenceOrNone('txn_committed_count', from.committed, to.committed),
  };
}

function difference(name: string, from: number, to: number): number {
  if (to < from)
    throw new RangeError(`counter "${name}" went from ${from} down to ${to}: the member restarted`);
  return to - from;
}

function differenceOrNone(
  name: string,
  from: number | undefined,
  to: number | undefined,
): number | undefined {
  return to === undefined || from === undefined ? undefined : difference(name, from, to);
}

/** Sessions that come and go are transactions too; more of them than this share of all and "per write" is not. */
const UNEXPLAINED_SHARE_MAX = 0.05;

/**
 * Divides by what was committed, as the servers counted; by the clients' count where no server does (Apache).
 *
 * @param clientWrites successful writes over the time of the deltas
 * @param deltas of every member, over exactly that time
 */
export function perWrite(
  clientWrites: number,
  deltas: ReadonlyMap<string, MemberCounters>,
): CountersPerWrite {
  const committed = [...deltas.values()].flatMap(delta => delta.committed ?? []);
  const writes = committed.length === 0 ? clientWrites : Math.max(...committed);
  const problems: string[] = [];
  if (writes === 0) problems.push('nothing was written');
  if (writes < clientWrites) {
    problems.push(
      `clients wrote ${clientWrites}, members committed ${writes}: the counters do not span the load`,
    );
  } else if (writes - clientWrites > writes * UNEXPLAINED_SHARE_MAX) {
    problems.push(
      `${writes - clientWrites} of ${writes} transactions are no client's write (sessions, other clients)`,
    );
  }
  for (const [name, delta] of deltas) {
    if (delta.committed !== undefined && delta.committed < writes) {
      problems.push(
        `${name} committed ${delta.committed} of ${writes} transactions: it lagged, or was asked too early`,
      );
    }
  }
  return {
    writes,
    members: [...deltas].map(([name, delta]) => memberPerWrite(name, delta, writes)),
    problems,
  };
}

function memberPerWrite(
  name: string,
  delta: MemberCounters,
  writes: number,
): CountersPerWrite['members'][number] {
  const byKind: CountersPerWrite['members'][number]['sentByKind'] = {};
  let messages = 0;
  let bytes = 0;
  for (const [link, count] of delta.traffic) {
    const [direction, kind] = link.split(' ') as [string, string];
    if (direction !== 'sent') continue;
    messages += count.messages;
    bytes += count.bytes;
    byKind[kind] ??= { messagesPerWrite: 0, bytesPerWrite: 0 };
    byKind[kind].messagesPerWrite += count.messages / writes;
    byKind[kind].bytesPerWrite += count.bytes / writes;
  }
  return {
    name,
    fsyncsPerWrite: delta.fsyncs === undefined ? undefined : delta.fsyncs / writes,
    sentMessagesPerWrite: delta.traffic.size === 0 ? undefined : messages / writes,
    sentBytesPerWrite: delta.traffic.size === 0 ? undefined : bytes / writes,
    sentByKind: byKind,
  };
}
