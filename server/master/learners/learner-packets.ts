/**
 * What a learner sends while it serves, and the answers, which are the same for a leader and for an observer
 * master. Also the COMMITs that a leader sends.
 */
import { Request } from '../../processors/request.ts';
import type { Id } from '../../wire/acl.ts';
import { JuteReader } from '../../wire/jute.ts';
import { PacketType, type QuorumPacket } from '../../wire/quorum-packet.ts';
import type { TxnPacket } from '../../wire/txn-packet.ts';
import type { PacketView } from '../../zab/packet-stream.ts';
import type { ForwardedIdentities } from './forwarded-identities.ts';

/**
 * Reads a REQUEST. Its body and identities stay views of the packet's bytes, because few requests need the
 * identities.
 * @throws JuteError when it is too short
 */
export function readRequest(
  learner: { readonly identities: ForwardedIdentities },
  packet: PacketView,
  arrivedMs: number,
): Request {
  const { bytes, authStart, end } = packet;
  const reader = new JuteReader(bytes, packet.dataStart, packet.dataEnd);
  let ids: readonly Id[] | null = null;
  return new Request({
    sessionHigh: reader.readInt(),
    sessionLow: reader.readInt(),
    cxid: reader.readInt(),
    op: reader.readInt(),
    bytes,
    start: reader.offset,
    end: packet.dataEnd,
    isRoomy: false,
    owner: learner,
    origin: null,
    identities: () => {
      ids ??= learner.identities.read(bytes, authStart, end);
      return ids;
    },
    arrivedMs,
  });
}

/** Sessions of a PING that are touched in one turn. */
export const TOUCHED_AT_ONCE = 500;

export interface TouchedSessions {
  /**
   * Passes on at most `countMax` of them. False when those were the last. @throws JuteError when one is cut
   * off
   */
  next(countMax: number, touched: (high: number, low: number, timeoutMs: number) => void): boolean;
}

/**
 * The sessions of a PING: those that the learner has heard from since the last. Outlives the view of the
 * packet.
 */
export function touchedSessions(packet: PacketView): TouchedSessions {
  const reader = new JuteReader(packet.data());
  return {
    next(countMax, touched) {
      for (let left = countMax; left > 0 && reader.remaining > 0; left--)
        touched(reader.readInt(), reader.readInt(), reader.readInt());
      return reader.remaining > 0;
    },
  };
}

/** Reads a REVALIDATE. @throws JuteError when it is too short */
export function readRevalidate(packet: PacketView): { readonly id: bigint; readonly timeoutMs: number } {
  const reader = new JuteReader(packet.data());
  return { id: reader.readBigLong(), timeoutMs: reader.readInt() };
}

export function revalidateAnswer(id: bigint, valid: boolean): QuorumPacket {
  const data = Buffer.alloc(9);
  data.writeBigInt64BE(id, 0);
  data[8] = valid ? 1 : 0;
  return { type: PacketType.REVALIDATE, zxid: -1, data, authinfo: null };
}

export const SYNC_ANSWER: QuorumPacket = { type: PacketType.SYNC, zxid: 0, data: null, authinfo: null };

const COMMIT_PACKET_BYTES = 20;

/** The COMMITs of a batch, one after the other: int type | long zxid | int -1 | int -1 each. */
export function commitBytes(packets: readonly TxnPacket[]): Buffer {
  const bytes = Buffer.allocUnsafe(packets.length * COMMIT_PACKET_BYTES);
  let at = 0;
  for (const packet of packets) {
    bytes.writeInt32BE(PacketType.COMMIT, at);
    packet.bytes.copy(bytes, at + 4, 4, 12);
    bytes.writeInt32BE(-1, at + 12);
    bytes.writeInt32BE(-1, at + 16);
    at += COMMIT_PACKET_BYTES;
  }
  return bytes;
}
