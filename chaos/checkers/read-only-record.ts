/** What checkers read about clients for which a read-only server is enough, and about local sessions. */

/** The part of a record about observers that go on serving while they have no master (ZOOKEEPER-1607). */
export interface ReadOnlyRecord {
  readonly connections: readonly ReaderConnection[];
  readonly outages: readonly ReadOnlyOutage[];
  /** When members were down or stood still. */
  readonly troubles: readonly Trouble[];
  /** When a member let a session expire, by its id in hexadecimal. */
  readonly expired: ReadonlyMap<string, number>;
  /** Whether an ephemeral makes a session global. */
  readonly areUpgraded: boolean;
  readonly limits: ReadOnlyLimits;
}

export interface ReadOnlyLimits {
  readonly sessionTimeoutMs: number;
  /** observer.readOnly.maxStaleMs; 0: no limit */
  readonly maxStaleMs: number;
  /** Members' clocks run fast or slow by at most this share. */
  readonly driftMax: number;
  /** What a busy member and the way to the client may add. */
  readonly slackMs: number;
}

/** A connection with a session, of a client that may be read-only, to an observer that reads on. */
export interface ReaderConnection {
  readonly process: number;
  readonly session: string;
  readonly member: string;
  readonly fromMs: number;
  /** Infinite while it is open. */
  readonly untilMs: number;
  /** Why it ended, as the client says it; null while it is open. */
  readonly reason: string | null;
  /** The client ended it, or had asked for the end of its session. */
  readonly wasWanted: boolean;
  /** What the client was told of its server, in order; the first is the connect response. */
  readonly states: readonly ReaderState[];
}

export type ReaderState = 'read-only' | 'connected';

/** A time in which an observer that had a master has none. */
export interface ReadOnlyOutage {
  readonly member: string;
  /** When it last heard from the master that it lost; NaN when nobody listened. */
  readonly lastPacketMs: number;
  readonly fromMs: number;
  readonly untilMs: number;
  readonly end: OutageEnd;
}

/**
 * How an outage ends. `back`: it serves again, on the same tree. `dropped in a sync`: it closed its clients
 * while a SNAP or TRUNC was under way. `dropped`: it closed them at another time. `kept`: it serves again on
 * a tree that a SNAP or TRUNC has replaced, and had not closed its clients.
 */
export type OutageEnd = 'back' | 'dropped in a sync' | 'dropped' | 'kept' | 'down' | 'open';

export interface Trouble {
  readonly member: string;
  readonly fromMs: number;
  readonly untilMs: number;
}

/** The part of a record about sessions of members that may keep them to themselves (ZOOKEEPER-1147). */
export interface SessionRecords {
  readonly opened: readonly OpenedSession[];
  /** The id of each member. */
  readonly sids: ReadonlyMap<string, number>;
  readonly areUpgraded: boolean;
}

export interface OpenedSession {
  readonly session: string;
  readonly member: string;
  readonly timeMs: number;
}
