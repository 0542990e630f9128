/**
 * Exact counts: what a server counted between two moments. They depend neither on hardware nor on time; an
 * additional message per write is one on any machine. `exact-counts.ts` divides them by the committed writes.
 */
import type { Mntr } from '../topology/four-letter.ts';

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

/** The kind may contain underscores. The peer is "sid_<n>" or one word. */
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

/**
 * Later minus earlier. A new link counts from 0. @throws RangeError when a count went down, after a restart
 */
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
