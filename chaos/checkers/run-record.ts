/** The record of a run: everything that checkers may read. */
import type { HistoryEvent } from './history.ts';
import type { ReadOnlyRecord, SessionRecords } from './read-only-record.ts';
import type { Transaction } from './transaction.ts';

/** Parts that a run cannot provide are absent. Checkers that need them do not run. */
export interface RunRecord {
  /** Requests and answers of clients, in the order of time. */
  readonly history: readonly HistoryEvent[];
  /** What sessions saw, with their watches. */
  readonly sessionRecords: readonly SessionRecord[];
  /** The transactions that the ensemble agreed on, without gaps. */
  readonly transactions: readonly Transaction[];
  /** How long sessions live, and which are still alive at the end. */
  readonly sessionLimits: SessionLimits;
  /** The timeout of all sessions, where clocks keep real time. */
  readonly sessionTimeouts: SessionTimeouts;
  /** Observers that read on without a master, and their clients. */
  readonly readOnly: ReadOnlyRecord;
  /** How sessions began, where members keep them to themselves. */
  readonly localSessions: SessionRecords;
  /** The final registers, as one or several members show them. */
  readonly finalTrees: readonly ReadonlyMap<string, FinalNode | undefined>[];
  /** The tree of every member after the heal. */
  readonly memberTrees: readonly MemberTree[];
  /** What members reported about themselves during the run. */
  readonly samples: readonly MemberSample[];
  /** What members said in their logs, those of each in order. */
  readonly memberEvents: readonly MemberEvent[];
  /** How the ensemble fared once the last fault was healed. */
  readonly aftermath: Aftermath;
  /** The role of each server, by the address that the history has. */
  readonly roles: Readonly<Record<string, string>>;
  /** What clients that are processes of their own have seen of their connections. */
  readonly applications: readonly ApplicationRecord[];
  /**
   * The epochs that each server of Apache ZooKeeper led, by the address that the history has; `any` when that
   * is not known. See `early-syncs.ts`.
   */
  readonly apacheLeaders: Readonly<Record<string, readonly number[] | 'any'>>;
  /** What processes of members used over a long run. */
  readonly resources: Resources;
  /** The members that ended by themselves, in words, and how many members there were. */
  readonly deaths: { readonly ended: readonly string[]; readonly members: number };
}

export type Part = keyof RunRecord;

/** A client that applications use. Its requests are in the history, as those of its process. */
export interface ApplicationRecord {
  readonly process: number;
  /** Such as "kazoo". */
  readonly client: string;
  /** Of its sessions, as granted. */
  readonly timeoutMs: number;
  /** When its library told it that its connection is gone. */
  readonly disconnectedMs: readonly number[];
  /** Sessions that its library told it to be lost, and when. */
  readonly lostSessions: readonly { readonly session: string; readonly timeMs: number }[];
}

export interface Resources {
  readonly samples: readonly ResourceSample[];
  /** Growth that is accepted. */
  readonly limitsPerHour: Readonly<Record<'rssBytes' | 'handles' | 'logBytes', number>>;
  /** Of a process that lived shorter than that, all growth may be warming up. */
  readonly lifeMinMs: number;
}

export interface ResourceSample {
  readonly timeMs: number;
  readonly member: string;
  readonly pid: number;
  readonly rssBytes: number;
  /** Open file descriptors. */
  readonly handles: number;
  /** Logs and snapshots on disk. */
  readonly logBytes: number;
}

export type MemberEvent = { readonly member: string } & (
  | { readonly kind: 'started' }
  /** A quorum followed it. */
  | { readonly kind: 'led'; readonly epoch: number }
  /** A configuration came into force there; `members`: who votes and who observes, in words. */
  | { readonly kind: 'configured'; readonly version: number; readonly members: string }
);

export interface Aftermath {
  /** In ms on the clock of the history. */
  readonly healedAtMs: number;
  /** Time within which the ensemble must serve again. */
  readonly recoverMaxMs: number;
  /** What did not serve again within that time. */
  readonly notServing: string | undefined;
}

/** A znode after the end of the run, when all members agree; undefined when it does not exist. */
export interface FinalNode {
  readonly value: string | null;
  readonly version: number;
  readonly mzxid: number;
}

export interface SessionLimits {
  readonly timeoutMs: number;
  /**
   * A session that wrote and was answered lives at most this much shorter than its timeout, because of clock
   * drift, ticks and network delays.
   */
  readonly slackMs: number;
  /** Sessions of clients that are connected when the run ends. All others must have ended. */
  readonly alive: ReadonlySet<string>;
}

export interface SessionTimeouts {
  readonly timeoutMs: number;
  /** A learner passes on only from time to time whom it has heard. */
  readonly slackMs: number;
}

export interface MemberTree {
  readonly member: string;
  readonly zxid: number;
  /** Digest of the whole tree. */
  readonly digest: string;
}

/** What a serving member reported about itself at some moment. */
export interface MemberSample {
  readonly timeMs: number;
  readonly member: string;
  readonly leading: boolean;
  /** The epoch of the quorum that it belongs to. */
  readonly epoch: number;
  readonly zxid: number;
  readonly digest: string;
}

export type WatchKind = 'data' | 'exist' | 'child';
export type WatchEventName = 'created' | 'deleted' | 'dataChanged' | 'childrenChanged';

/** What one session saw, in order. The checker of watches judges by it. */
export type Sighting =
  | { readonly kind: 'reply'; readonly zxid: number }
  /** The reply to a read with a watch, which sees the tree as of `zxid`. */
  | { readonly kind: 'armed'; readonly watch: WatchKind; readonly path: string; readonly zxid: number }
  | { readonly kind: 'event'; readonly event: WatchEventName; readonly path: string }
  /** The connection is gone, and its watches with it, except those that the client sets again first. */
  | { readonly kind: 'moved'; readonly kept: readonly WatchKind[] };

export type SessionRecord = Sighting & { readonly session: string; readonly timeMs: number };
