import type { TxnPacket } from '../../wire/txn-packet.ts';

/** What the leader sends to its learners. A standalone server sends nothing. */
export interface Broadcast {
  propose(packet: TxnPacket): void;
  /**
   * Tells learners that hear only results, in the order of zxids, before this server applies the transaction.
   */
  inform(packet: TxnPacket): void;
  /**
   * Tells learners that know the proposals. `packets` are those of all calls of `inform` since the last call,
   * in the same turn.
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
