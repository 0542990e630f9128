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
  /** Turns of the event loop, and the connections with output in each, summed up. */
  turns: number | undefined;
  flushes: number | undefined;
  /** What clients sent: requests and pings. */
  clientPackets: number | undefined;
  clientBytesReceived: number | undefined;
  clientBytesSent: number | undefined;
}

/** By the names of `mntr`. */
const PLAIN_KEYS = {
  fsyncs: 'fsync_count',
  committed: 'txn_committed_count',
  turns: 'event_loop_turns',
  flushes: 'output_flushes',
  clientPackets: 'packets_received',
  clientBytesReceived: 'bytes_received_count',
  clientBytesSent: 'response_bytes',
} as const;
type PlainCount = keyof typeof PLAIN_KEYS;
const PLAIN_COUNTS = Object.keys(PLAIN_KEYS) as PlainCount[];

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
  return { traffic, ...plainCounts(name => mntr.numbers.get(PLAIN_KEYS[name])) };
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
    ...plainCounts(name => differenceOrNone(PLAIN_KEYS[name], from[name], to[name])),
  };
}

function plainCounts(read: (name: PlainCount) => number | undefined): Record<PlainCount, number | undefined> {
  const counts = PLAIN_COUNTS.map(name => [name, read(name)] as const);
  return Object.fromEntries(counts) as Record<PlainCount, number | undefined>;
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
