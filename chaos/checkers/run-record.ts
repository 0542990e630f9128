/** The record of a run: everything that checkers may read. */
import type { HistoryEvent } from './history.ts';
import type { Transaction } from './transaction.ts';

/** Parts that a run cannot provide are absent, and checkers that need them do not run. */
export interface RunRecord {
  /** Requests and answers of clients, in the order of time. */
  readonly history: readonly HistoryEvent[];
  /** What sessions saw, with their watches. */
  readonly sessionRecords: readonly SessionRecord[];
  /** The transactions that the ensemble agreed on, none missing. */
  readonly transactions: readonly Transaction[];
  /** How long sessions live, and which are alive in the end. */
  readonly sessionLimits: SessionLimits;
  /** The registers in the end, as one member or several show them. */
  readonly finalTrees: readonly ReadonlyMap<string, FinalNode | undefined>[];
  /** Of every member, after the heal. */
  readonly memberTrees: readonly MemberTree[];
  /** What members reported about themselves during the run. */
  readonly samples: readonly MemberSample[];
  /** How the ensemble fared once the last fault was healed. */
  readonly aftermath: Aftermath;
}

export type Part = keyof RunRecord;

export interface Aftermath {
  /** On the clock of the history. */
  readonly healedAtMs: number;
  /** Within which it must serve again. */
  readonly recoverMaxMs: number;
  /** What did not serve again by then. */
  readonly notServing: string | undefined;
}

/** A znode after the end of the run, when all members agree; undefined where there is none. */
export interface FinalNode {
  readonly value: string | null;
  readonly version: number;
  readonly mzxid: number;
}

export interface SessionLimits {
  readonly timeoutMs: number;
  /**
   * A session that wrote, and was answered, lives this much shorter than its timeout at worst: clocks, ticks,
   * ways.
   */
  readonly slackMs: number;
  /** Sessions of clients that are there when the run ends; all others must be over. */
  readonly alive: ReadonlySet<string>;
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

/** What a session saw, in order: the part of a history that watches are judged by. */
export type Sighting =
  | { readonly kind: 'reply'; readonly zxid: number }
  /** The reply to a read with a watch, which sees the tree as of `zxid`. */
  | { readonly kind: 'armed'; readonly watch: WatchKind; readonly path: string; readonly zxid: number }
  | { readonly kind: 'event'; readonly event: WatchEventName; readonly path: string }
  /** The connection is gone, and with it all watches but those the client sets again before anything else. */
  | { readonly kind: 'moved'; readonly kept: readonly WatchKind[] };

export type SessionRecord = Sighting & { readonly session: string; readonly timeMs: number };
