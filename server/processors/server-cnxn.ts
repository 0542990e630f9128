import type { Watcher } from '../tree/watcher.ts';
import type { Request, RequestOrigin } from './request.ts';

/** The reasons why the server does not read from a client. */
export const Hold = {
  /** its session is not established yet */
  session: 1,
  /** too many requests are under way in the server */
  requests: 2,
  /** it does not read its output */
  output: 4,
  /** too many of its own requests wait for one another */
  order: 8,
  /** its input waits for a turn of the loop */
  line: 16,
  /** requests under way use all the memory that they may */
  submitted: 32,
  /** it is in the middle of a frame, and others must complete theirs first */
  gathered: 64,
  /** uncommitted proposals, or requests that wait for the leader, use all the memory that they may */
  room: 128,
} as const;
export type Hold = (typeof Hold)[keyof typeof Hold];

/**
 * A client as the server behind it sees it, under upstream's name. `clients/` implements it. The server needs
 * to know nothing else about the connection.
 */
export interface ServerCnxn extends RequestOrigin, Watcher {
  /** 0 until the client has asked for a session. */
  readonly sessionId: bigint;
  /** The halves of `sessionId`, for look-ups on the path of every request. */
  readonly sessionHigh: number;
  readonly sessionLow: number;
  /** The timeout that was agreed with the client, in ms. */
  readonly timeoutMs: number;
  /** Its client takes a server that is read-only too. */
  readonly canBeReadOnly: boolean;
  /** The request that stands for a session being opened for this client. */
  sessionRequest(op: number, sessionId: bigint, timeoutMs: number): Request;
  /** The session is established: the client is told, and its requests are taken. */
  established(sessionId: bigint, timeoutMs: number): void;
  /** The session has expired or closed, or it was never this client's. */
  refused(): void;
  /** The head of the session's order, if it is a write with this cxid: what a learner matches a commit to. */
  headWrite(cxid: number): Request | null;
  /** Tells the client of another state of its connection, as in `KeeperState`. */
  tellState(state: number): void;
  /** The server reads nothing from the client until every reason has been lifted. */
  hold(reason: Hold): void;
  /** Lifts `reason`; the connection goes on later in this turn or in another one. */
  release(reason: Hold): void;
  /** Closes the connection once its output has been sent. */
  close(reason: string): void;
}
