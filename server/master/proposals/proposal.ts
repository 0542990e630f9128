import type { Request } from '../../processors/request.ts';
import type { TxnBody, TxnHeader } from '../../wire/txn.ts';
import type { TxnPacket } from '../../wire/txn-packet.ts';

/**
 * Expired sessions are proposed even when there is no room. With more outstanding proposals than this, the
 * server is making no progress.
 */
export const OUTSTANDING_PROPOSALS_MAX = 100_000;

/** A proposal that is not committed yet. */
export interface Proposal {
  readonly packet: TxnPacket;
  readonly header: TxnHeader;
  readonly body: TxnBody;
  readonly request: Request;
  readonly proposedMs: number;
  /** Upper bound of the memory kept for it. */
  readonly keptBytes: number;
}

/** A sync, or the answer to a returning client. It waits for everything proposed before it. */
export interface WaitingSync {
  readonly afterZxid: number;
  readonly done: () => void;
}
