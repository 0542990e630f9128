import { type Id, readId, writeId } from './acl.ts';
import { JuteError, type JuteReader, type JuteWriter } from './jute.ts';

/** The version of the protocol between learner and master since ZooKeeper 3.4 (Zab 1.0). */
export const PROTOCOL_VERSION = 0x10000;

/**
 * An int behind what upstream reads. In OBSERVERINFO: the observer asks for proposals and commits in place of
 * INFORM. In LEADERINFO: its master sends them. @see docs/quorum.md "Proposals to observers"
 */
export const OBSERVER_PROPOSALS = 368;

/** Upstream's mark after a snapshot on the wire. */
export const SNAPSHOT_SIGNATURE = 'BenWasHere';

/**
 * The record of all learner traffic: int type, long zxid, buffer data, vector<Id> authinfo. It has no length
 * in front. @see docs/quorum.md "Packets"
 */
export const PacketType = {
  REQUEST: 1,
  PROPOSAL: 2,
  ACK: 3,
  COMMIT: 4,
  PING: 5,
  REVALIDATE: 6,
  SYNC: 7,
  INFORM: 8,
  COMMITANDACTIVATE: 9,
  NEWLEADER: 10,
  FOLLOWERINFO: 11,
  UPTODATE: 12,
  DIFF: 13,
  TRUNC: 14,
  SNAP: 15,
  OBSERVERINFO: 16,
  LEADERINFO: 17,
  ACKEPOCH: 18,
  INFORMANDACTIVATE: 19,
} as const;
export type PacketType = (typeof PacketType)[keyof typeof PacketType];

const names = new Map<number, string>(Object.entries(PacketType).map(([name, code]) => [code, name]));

export function packetName(type: number): string {
  return names.get(type) ?? `unknown ${type}`;
}

export interface QuorumPacket {
  type: number;
  zxid: number;
  data: Buffer | null;
  /** Only used by REQUEST */
  authinfo: Id[] | null;
}

export function readQuorumPacket(reader: JuteReader): QuorumPacket {
  const type = reader.readInt();
  if (!names.has(type)) throw new JuteError(`unknown quorum packet type ${type}`);
  return {
    type,
    zxid: reader.readLong(),
    data: reader.readBuffer(),
    authinfo: reader.readVector(readId),
  };
}

export function writeQuorumPacket(writer: JuteWriter, packet: QuorumPacket): void {
  writer
    .writeInt(packet.type)
    .writeLong(packet.zxid)
    .writeBuffer(packet.data)
    .writeVector(packet.authinfo, writeId);
}
