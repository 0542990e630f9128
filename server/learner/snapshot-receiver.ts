import type { SnapshotStreamReader } from '../storage/snapshots/snapshot-stream-reader.ts';
import { JuteError, JuteReader } from '../wire/jute.ts';
import { SNAPSHOT_SIGNATURE } from '../wire/quorum-packet.ts';

const SIGNATURE_BYTES = 4 + SNAPSHOT_SIGNATURE.length;

/** Receives the bytes between SNAP and the next packet: the tree, then upstream's signature. */
export class SnapshotReceiver {
  readonly reader: SnapshotStreamReader;
  readonly zxid: number;
  #treeDone = false;
  #tail = Buffer.alloc(0);

  constructor(reader: SnapshotStreamReader, zxid: number) {
    this.reader = reader;
    this.zxid = zxid;
  }

  /** Returns the bytes after the signature once the snapshot is whole, null until then. @throws JuteError */
  feed(chunk: Buffer): Buffer | null {
    let rest = chunk;
    if (!this.#treeDone) {
      const { done, consumedBytes } = this.reader.feed(chunk);
      if (!done) return null;
      this.#treeDone = true;
      rest = chunk.subarray(consumedBytes);
    }
    this.#tail = Buffer.concat([this.#tail, rest]);
    if (this.#tail.length < SIGNATURE_BYTES) return null;
    const signature = new JuteReader(this.#tail, 0, SIGNATURE_BYTES).readString();
    if (signature !== SNAPSHOT_SIGNATURE) throw new JuteError('the snapshot does not end in its signature');
    return this.#tail.subarray(SIGNATURE_BYTES);
  }
}
