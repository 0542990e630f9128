import { PacketType } from './quorum-packet.ts';

/**
 * A serialised transaction in the frame of a PROPOSAL packet:
 *
 *     int type | long zxid | int length | txn header, body, digest | int -1 (no authinfo)
 *
 * It is made once, by the leader or from what arrived or was read; the log takes the middle, PROPOSAL the
 * whole, INFORM the whole with another type in front.
 */
export interface TxnPacket {
  readonly zxid: number;
  readonly bytes: Buffer;
}

export const TXN_START = 16;
export const TXN_TRAILER_BYTES = 4;

/**
 * Room on either side of a large request in which its transaction can be written around its data: in front
 * the heads of packet and transaction and the digits of a sequential node, behind it the digest.
 */
export const TXN_ROOM_BYTES = 64;

export function txnEnd(packet: TxnPacket): number {
  return packet.bytes.length - TXN_TRAILER_BYTES;
}

export function txnOf(packet: TxnPacket): Buffer {
  return packet.bytes.subarray(TXN_START, txnEnd(packet));
}

/** Frames a transaction that came from the log or from an INFORM, and copies it. */
export function txnPacket(zxid: number, txn: Uint8Array): TxnPacket {
  const bytes = Buffer.allocUnsafe(TXN_START + txn.length + TXN_TRAILER_BYTES);
  bytes.writeInt32BE(PacketType.PROPOSAL, 0);
  bytes.writeInt32BE(Math.floor(zxid / 0x1_0000_0000), 4);
  bytes.writeUInt32BE(zxid % 0x1_0000_0000, 8);
  bytes.writeInt32BE(txn.length, 12);
  bytes.set(txn, TXN_START);
  bytes.writeInt32BE(-1, TXN_START + txn.length);
  return { zxid, bytes };
}
