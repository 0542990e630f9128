import type { TxnPacket } from '../wire/txn-packet.ts';

/** Whom the leader tells. A standalone server tells nobody. */
export interface Broadcast {
  propose(packet: TxnPacket): void;
  /** To those who hear only results, in zxid order, before it is applied here. */
  inform(packet: TxnPacket): void;
  /** To those who know the proposals: what was informed of since the last call, in the same turn. */
  commit(packets: readonly TxnPacket[]): void;
  /** No more can be proposed: a new epoch is needed. */
  stepDown(reason: string): void;
}

export const noBroadcast: Broadcast = { propose() {}, inform() {}, commit() {}, stepDown() {} };
