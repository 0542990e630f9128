import type { TxnPacket } from '../wire/txn-packet.ts';

/** How the leader tells its learners. A standalone server tells nobody. */
export interface Broadcast {
  propose(packet: TxnPacket): void;
  /** Tells learners that hear only results, in zxid order, before the transaction is applied here. */
  inform(packet: TxnPacket): void;
  /**
   * Tells learners that know the proposals: what `inform` was called with since the last call, in the same
   * turn.
   */
  commit(packets: readonly TxnPacket[]): void;
  /** No more can be proposed: a new epoch is needed. */
  stepDown(reason: string): void;
}

export const noBroadcast: Broadcast = { propose() {}, inform() {}, commit() {}, stepDown() {} };
