/**
 * What each role does per second in an ensemble at a rate of writes: messages by the protocol, and how many
 * of them share a flush, a turn or an fsync by the measured windows.
 */
import { type Batching, gathered } from './batching.ts';
import { MEMBER_ROLES, type MemberRole, type MessageKind, type Work } from './work.ts';

/** Where clients are connected. */
export const CLIENT_PLACES = ['leader', 'voters', 'observers', 'all'] as const;
export type ClientPlace = (typeof CLIENT_PLACES)[number];

export interface Shape {
  readonly voters: number;
  readonly observers: number;
  readonly masters: boolean;
}

export interface WriteLoad {
  readonly ratePerSecond: number;
  readonly valueBytes: number;
  readonly clients: ClientPlace;
  /** Sessions on each member that has any. */
  readonly sessions: number;
}

/** Bytes of one message besides the value, by kind; a request and a reply of a client as well. */
export type Overheads = Readonly<Record<MessageKind | 'clientRequest', number>>;

/** Messages that carry the value that is written. */
export const CARRIES_VALUE: Readonly<Record<keyof Overheads, boolean>> = {
  proposal: true,
  ack: false,
  commit: false,
  inform: true,
  request: true,
  clientRequest: true,
};

/** Length, reply header and stat. @see docs/wire.md "Client connections" */
const SET_DATA_REPLY_BYTES = 4 + 16 + 68;

export interface RoleWork {
  readonly role: MemberRole;
  readonly members: number;
  /** Of one member, per second. */
  readonly work: Work;
  readonly messagesPerSecond: { readonly sent: number; readonly received: number };
  readonly bytesPerSecond: { readonly sent: number; readonly received: number };
  /** Observers that this member tells of commits. */
  readonly observersServed: number;
}

/** One stream of messages between two members, or with all clients of a member. */
interface Stream {
  readonly kind: MessageKind;
  readonly perSecond: number;
  /** Moments at which some of them come together, as the acks of one fsync do. */
  readonly momentsPerSecond: number;
  /** Streams of one connection share its flushes. */
  readonly connection: string;
  /** How many connections are like this one. */
  readonly peers: number;
}

interface Streams {
  readonly out: readonly Stream[];
  readonly in: readonly Stream[];
}

/** @returns the roles that the shape has, the leader first */
export function expectedWork(
  shape: Shape,
  load: WriteLoad,
  batching: Batching,
  overheads: Overheads,
): RoleWork[] {
  const counts = { leader: 1, follower: shape.voters - 1, observer: shape.observers };
  return MEMBER_ROLES.filter(role => counts[role] > 0).map(role => {
    const rate = load.ratePerSecond;
    const requests = requestsAt(shape, load)[role];
    const served = observersServed(shape)[role];
    const streams = streamsOf(role, shape, load, batching);
    const sent = messagesOf(streams.out);
    const received = messagesOf(streams.in);
    const fsyncs = gathered(rate, batching.fsyncMs);
    const bytes = {
      sent: bytesOf(streams.out, load, overheads) + requests * SET_DATA_REPLY_BYTES,
      received: bytesOf(streams.in, load, overheads) + requests * (overheads.clientRequest + load.valueBytes),
    };
    const peerFlushes = flushesOf(streams.out, batching);
    const clientFlushes = load.sessions * gathered(requests / load.sessions, batching.flushMs);
    const events = flushesOf(streams.in, batching) + requests + fsyncs;
    return {
      role,
      members: counts[role],
      observersServed: served,
      messagesPerSecond: { sent: sum(sent) + requests, received: sum(received) + requests },
      bytesPerSecond: bytes,
      work: {
        second: 1,
        turn: gathered(events, batching.turnMs),
        flush: peerFlushes + clientFlushes,
        fsync: fsyncs,
        led: role === 'leader' ? rate : 0,
        followed: role === 'follower' ? rate : 0,
        observed: role === 'observer' ? rate : 0,
        followerTold: sent.get('proposal') ?? 0,
        observerTold: sent.get('inform') ?? 0,
        request: requests,
        forwarded: (sent.get('request') ?? 0) + (received.get('request') ?? 0),
        kilobyte: (bytes.sent + bytes.received) / 1000,
      },
    };
  });
}

/** Requests of clients per second at one member of each role. */
function requestsAt({ voters, observers }: Shape, load: WriteLoad): Record<MemberRole, number> {
  const { clients, ratePerSecond } = load;
  const isAt = {
    leader: clients !== 'observers',
    follower: clients === 'voters' || clients === 'all',
    observer: clients === 'observers' || clients === 'all',
  };
  const members = (isAt.leader ? 1 : 0) + (isAt.follower ? voters - 1 : 0) + (isAt.observer ? observers : 0);
  const each = members === 0 ? 0 : ratePerSecond / members;
  return {
    leader: isAt.leader ? each : 0,
    follower: isAt.follower ? each : 0,
    observer: isAt.observer ? each : 0,
  };
}

/** Observers of one member of each role. They divide evenly among masters; the fullest counts. */
function observersServed({ voters, observers, masters }: Shape): Record<MemberRole, number> {
  if (!masters || voters === 1) return { leader: observers, follower: 0, observer: 0 };
  return { leader: 0, follower: Math.ceil(observers / (voters - 1)), observer: 0 };
}

function streamsOf(role: MemberRole, shape: Shape, load: WriteLoad, batching: Batching): Streams {
  const rate = load.ratePerSecond;
  const at = requestsAt(shape, load);
  const served = observersServed(shape);
  const followers = shape.voters - 1;
  // The writes of one fsync are acknowledged together, and so they are committed and told.
  const fsyncs = gathered(rate, batching.fsyncMs);
  const stream = (kind: MessageKind, connection: string, perSecond: number, momentsPerSecond: number) => ({
    kind,
    connection,
    perSecond,
    momentsPerSecond,
    peers: 1,
  });
  const each = (perSecond: number, connection: string) => stream('request', connection, perSecond, perSecond);
  const toFollower = [stream('proposal', 'follower', rate, rate), stream('commit', 'follower', rate, fsyncs)];
  const fromFollower = [
    stream('ack', 'leader', rate, fsyncs),
    each(at.follower + served.follower * at.observer, 'leader'),
  ];
  const toObserver = [stream('inform', 'observer', rate, fsyncs)];
  const fromObserver = [each(at.observer, 'observer')];
  const times = (streams: readonly Stream[], peers: number) => streams.map(one => ({ ...one, peers }));
  switch (role) {
    case 'leader':
      return {
        out: [...times(toFollower, followers), ...times(toObserver, served.leader)],
        in: [...times(fromFollower, followers), ...times(fromObserver, served.leader)],
      };
    case 'follower':
      return {
        out: [...fromFollower, ...times(toObserver, served.follower)],
        in: [...toFollower, ...times(fromObserver, served.follower)],
      };
    case 'observer':
      return { out: fromObserver, in: toObserver };
  }
}

function messagesOf(streams: readonly Stream[]): Map<MessageKind, number> {
  const sums = new Map<MessageKind, number>();
  for (const { kind, perSecond, peers } of streams) sums.set(kind, (sums.get(kind) ?? 0) + perSecond * peers);
  return sums;
}

function bytesOf(streams: readonly Stream[], { valueBytes }: WriteLoad, overheads: Overheads): number {
  return streams.reduce(
    (total, { kind, perSecond, peers }) =>
      total + perSecond * peers * (overheads[kind] + (CARRIES_VALUE[kind] ? valueBytes : 0)),
    0,
  );
}

/** Per second, of all connections: the streams of one connection share its flushes. */
function flushesOf(streams: readonly Stream[], { flushMs }: Batching): number {
  const connections = new Map<string, { moments: number; peers: number }>();
  for (const { connection, momentsPerSecond, peers } of streams) {
    const moments = (connections.get(connection)?.moments ?? 0) + momentsPerSecond;
    connections.set(connection, { moments, peers });
  }
  return [...connections.values()].reduce(
    (total, { moments, peers }) => total + peers * gathered(moments, flushMs),
    0,
  );
}

function sum(messages: ReadonlyMap<MessageKind, number>): number {
  return [...messages.values()].reduce((total, each) => total + each, 0);
}
