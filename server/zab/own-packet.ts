import { type ReadTxnPacket, readTxnPacket } from '../storage/parse-txn.ts';
import { PacketType } from '../wire/quorum-packet.ts';
import { TXN_TRAILER_BYTES, txnPacket } from '../wire/txn-packet.ts';
import type { PacketView } from './packet-stream.ts';

/** An INFORMANDACTIVATE names the next leader in front of its transaction. */
const NEXT_LEADER_BYTES = 8;

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
