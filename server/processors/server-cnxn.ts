import type { Watcher } from '../tree/watcher.ts';
import type { Request, RequestOrigin } from './request.ts';

/** Why a client is not read from. */
export const Hold = {
  /** its session does not stand yet */
  session: 1,
  /** too many requests are under way in the server */
  requests: 2,
  /** it does not read what it was sent */
  output: 4,
  /** too many of its own requests wait for one another */
  order: 8,
  /** what has come of it waits for a turn of the loop */
  line: 16,
  /** requests under way take all the memory that they may */
  submitted: 32,
  /** it is in the middle of a frame, and others that are have to end theirs first */
  gathered: 64,
  /** what is proposed and not committed, or waits for the leader, takes all the memory that it may */
  room: 128,
} as const;
export type Hold = (typeof Hold)[keyof typeof Hold];

/**
 * A client as the server behind it sees it, under upstream's name. `clients/` implements it; whoever serves
 * takes no other notice of how the client is connected.
 */
export interface ServerCnxn extends RequestOrigin, Watcher {
  /** 0 until a session was asked for. */
  readonly sessionId: bigint;
  /** The halves of `sessionId`, for look-ups on the path of every request. */
  readonly sessionHigh: number;
  readonly sessionLow: number;
  /** As agreed with the client. */
  readonly timeoutMs: number;
  /** The request that stands for a session being opened for this client. */
  sessionRequest(op: number, sessionId: bigint, timeoutMs: number): Request;
  /** The session stands: the client is told, and its requests are taken. */
  established(sessionId: bigint, timeoutMs: number): void;
  /** The session is gone, or never was this client's. */
  refused(): void;
  /** The head of the session's order, if it is a write with this cxid: what a learner matches a commit to. */
  headWrite(cxid: number): Request | null;
  /** Nothing is read from the client until every reason to wait is gone. */
  hold(reason: Hold): void;
  /** What `reason` held goes on, later in this turn or in another. */
  release(reason: Hold): void;
  /** What was written still leaves. */
  close(reason: string): void;
}
