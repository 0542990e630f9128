import { parseTxnPacket, type ReadTxnPacket, readTxnPacket } from '../storage/parse-txn.ts';
import { JuteReader } from '../wire/jute.ts';
import { OpCode } from '../wire/opcodes.ts';
import { PacketType } from '../wire/quorum-packet.ts';
import { TXN_TRAILER_BYTES, type TxnPacket, txnPacket } from '../wire/txn-packet.ts';
import type { PacketView } from './packet-stream.ts';

/** An INFORMANDACTIVATE names the next leader in front of its transaction. */
const NEXT_LEADER_BYTES = 8;

/** The leader that COMMITANDACTIVATE or INFORMANDACTIVATE names; null for other packets. @throws JuteError */
export function designatedLeaderIn(packet: PacketView): number | null {
  const { type } = packet;
  if (type !== PacketType.COMMITANDACTIVATE && type !== PacketType.INFORMANDACTIVATE) return null;
  return new JuteReader(packet.data()).readLong();
}

/** The configuration of a reconfiguration; null for any other transaction. */
export function configTextOf(packet: TxnPacket): string | null {
  const { body } = parseTxnPacket(packet);
  return body.type === OpCode.reconfig ? String(body.data ?? '') : null;
}

/**
 * Copies the transaction of a PROPOSAL or INFORM into memory of its own, framed as PROPOSAL.
 * @throws JuteError when it is no transaction
 */
export function ownPacket(packet: PacketView): ReadTxnPacket {
  if (packet.type === PacketType.INFORMANDACTIVATE)
    return readTxnPacket(txnPacket(packet.zxid, packet.data().subarray(NEXT_LEADER_BYTES)));
  // Nobody sends authinfo here, but bytes can say so.
  if (packet.end - packet.dataEnd !== TXN_TRAILER_BYTES)
    return readTxnPacket(txnPacket(packet.zxid, packet.data()));
  const bytes = packet.copy();
  bytes[3] = PacketType.PROPOSAL;
  return readTxnPacket({ zxid: packet.zxid, bytes });
}
