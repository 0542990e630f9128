import { SnapshotSerializer } from '../storage/snapshot-stream.ts';
import type { ZkDatabase } from '../storage/zk-database.ts';
import type { JuteWriter } from '../wire/jute.ts';
import { PacketType, writeQuorumPacket } from '../wire/quorum-packet.ts';
import type { TxnPacket } from '../wire/txn-packet.ts';

/** Upstream's mark behind a snapshot on the wire. */
export const SNAPSHOT_SIGNATURE = 'BenWasHere';

/** What a sync brings a learner, between DIFF, TRUNC or SNAP and NEWLEADER: a slice at a time, as much as it takes. */
export interface SyncStream {
  /** Appends about `bytesMax` to `writer`, and says of what type. False when nothing is left. */
  next(writer: JuteWriter, bytesMax: number, wrote: (type: number, bytes: number) => void): boolean;
}

export class SnapshotStream implements SyncStream {
  readonly #snapshot: SnapshotSerializer;

  constructor(database: ZkDatabase) {
    this.#snapshot = new SnapshotSerializer(database.tree, database.sessionTimeouts);
  }

  next(writer: JuteWriter, bytesMax: number, wrote: (type: number, bytes: number) => void): boolean {
    const more = this.#snapshot.next(writer, bytesMax);
    if (!more) writer.writeString(SNAPSHOT_SIGNATURE);
    wrote(PacketType.SNAP, writer.length);
    return more;
  }
}

/** Transactions after `after`, each as PROPOSAL and COMMIT. */
export class HistoryStream implements SyncStream {
  readonly #packets: readonly TxnPacket[];
  #at: number;

  constructor(packets: readonly TxnPacket[], after: number) {
    this.#packets = packets;
    const first = packets.findIndex(packet => packet.zxid > after);
    this.#at = first < 0 ? packets.length : first;
  }

  next(writer: JuteWriter, bytesMax: number, wrote: (type: number, bytes: number) => void): boolean {
    while (writer.length < bytesMax) {
      const packet = this.#packets[this.#at++];
      if (packet === undefined) return false;
      const { bytes, zxid } = packet;
      writer.writeRaw(bytes, 0, bytes.length);
      wrote(PacketType.PROPOSAL, bytes.length);
      const start = writer.length;
      writeQuorumPacket(writer, { type: PacketType.COMMIT, zxid, data: null, authinfo: null });
      wrote(PacketType.COMMIT, writer.length - start);
    }
    return true;
  }
}
