import type { TxnPacket } from '../../wire/txn-packet.ts';

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
  /** A reconfiguration is proposed next: from `zxid` on, decisions need a quorum of its configuration too. */
  reconfigure(text: string, zxid: number): void;
  /**
   * Puts a reconfiguration in force that is committed, and tells the learners. `acked`: the last zxid that
   * each server has on disk. False when another leader commits what follows.
   */
  activate(packet: TxnPacket, acked: ReadonlyMap<number, number>): boolean;
  /** No more can be proposed: a new epoch is needed. */
  stepDown(reason: string): void;
}

export const noBroadcast: Broadcast = {
  propose() {},
  inform() {},
  commit() {},
  reconfigure() {},
  activate: () => true,
  stepDown() {},
};
