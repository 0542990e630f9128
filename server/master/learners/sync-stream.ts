import type { CommittedHistory } from '../../storage/history/committed-history.ts';
import { SnapshotSerializer } from '../../storage/snapshots/snapshot-stream.ts';
import type { ZkDatabase } from '../../storage/zk-database.ts';
import type { JuteWriter } from '../../wire/jute.ts';
import { PacketType, SNAPSHOT_SIGNATURE, writeQuorumPacket } from '../../wire/quorum-packet.ts';

/** What a sync sends to a learner, a slice at a time, as the learner takes it. */
export interface SyncStream {
  /**
   * Appends about `bytesMax` to `writer`, and tells `wrote` the type. False when nothing is left.
   * @throws ServerError when what it reads is no longer there
   */
  next(writer: JuteWriter, bytesMax: number, wrote: (type: number, bytes: number) => void): boolean;
  close(): void;
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

  close(): void {}
}

/** Transactions, each as PROPOSAL and COMMIT or, for an observer that already serves, as INFORM. */
export class HistoryStream implements SyncStream {
  readonly #history: CommittedHistory;
  readonly #asInform: boolean;

  constructor(history: CommittedHistory, asInform: boolean) {
    this.#history = history;
    this.#asInform = asInform;
  }

  next(writer: JuteWriter, bytesMax: number, wrote: (type: number, bytes: number) => void): boolean {
    return this.#history.read(bytesMax, ({ zxid, bytes }) => {
      const start = writer.length;
      writer.writeRaw(bytes, 0, bytes.length);
      if (this.#asInform) {
        writer.patchInt(start, PacketType.INFORM);
        wrote(PacketType.INFORM, bytes.length);
        return;
      }
      wrote(PacketType.PROPOSAL, bytes.length);
      const commitAt = writer.length;
      writeQuorumPacket(writer, { type: PacketType.COMMIT, zxid, data: null, authinfo: null });
      wrote(PacketType.COMMIT, writer.length - commitAt);
    });
  }

  close(): void {
    this.#history.close();
  }
}
