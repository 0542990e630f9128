import type { Clock, Disk, DiskFile, Timer } from '../../runtime/runtime.ts';
import type { DataTree } from '../../tree/data-tree.ts';
import { DIGEST_VERSION } from '../../tree/digest.ts';
import { JuteWriter } from '../../wire/jute.ts';
import { zxidToBareHex } from '../../wire/zxid.ts';
import { adler32 } from '../adler32.ts';
import { diskError, onDisk } from '../disk-error.ts';
import type { FlushDone } from '../txn-log/file-txn-log.ts';
import { writeSeal, writeSnapshotHeader } from './snapshot-format.ts';
import { SnapshotSerializer } from './snapshot-stream.ts';

export interface SnapshotWriterOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly directory: string;
  readonly digestEnabled: boolean;
}

/** About one millisecond of work. Between two slices the loop serves everybody else. */
const SLICE_BYTES = 256 * 1024;

export const TEMPORARY_SUFFIX = '.tmp';

/**
 * Writes one snapshot file in slices under a temporary name, then syncs it, renames it and syncs the
 * directory. So the final name never holds part of a snapshot, whatever a crash leaves.
 */
export class SnapshotWriter {
  readonly path: string;
  readonly #options: SnapshotWriterOptions;
  readonly #tree: DataTree;
  readonly #serializer: SnapshotSerializer;
  readonly #slice = new JuteWriter(SLICE_BYTES + 4096);
  #file: DiskFile | null = null;
  #position = 0;
  #adler = 1;
  #timer: Timer | undefined;
  #cancelled = false;

  constructor(options: SnapshotWriterOptions, tree: DataTree, sessionTimeouts: ReadonlyMap<bigint, number>) {
    this.#options = options;
    this.#tree = tree;
    this.#serializer = new SnapshotSerializer(tree, sessionTimeouts);
    this.path = `${options.directory}/snapshot.${zxidToBareHex(this.#serializer.zxid)}`;
  }

  get zxid(): number {
    return this.#serializer.zxid;
  }

  get sizeBytes(): number {
    return this.#position;
  }

  /** `done` is never called during this call. */
  start(done: FlushDone): void {
    this.#timer = this.#options.clock.after(0, () => this.#step(done));
  }

  /**
   * Writes it all at once and holds the loop: for the empty tree of a new server. @throws ServerError ZK_DISK
   */
  writeNow(): void {
    onDisk('write', this.path, () => {
      while (this.#writeSlice());
      this.#file!.syncNow();
      this.#publish();
    });
  }

  /** Gives up and leaves no file. `done` is not called any more. @throws ServerError ZK_DISK */
  cancel(): void {
    this.#cancelled = true;
    this.#timer?.cancel();
    const file = this.#file;
    this.#file = null;
    if (file === null) return;
    file.close();
    onDisk('remove', file.path, () => this.#options.disk.remove(file.path));
  }

  #step(done: FlushDone): void {
    try {
      if (this.#writeSlice()) this.start(done);
      else this.#file!.sync(error => this.#synced(error, done));
    } catch (error) {
      done(diskError('write', this.path, error));
    }
  }

  #synced(error: Error | undefined, done: FlushDone): void {
    if (this.#cancelled) return;
    try {
      if (error !== undefined) throw error;
      this.#publish();
    } catch (failure) {
      done(diskError('write', this.path, failure));
      return;
    }
    done(undefined);
  }

  #publish(): void {
    const { disk, directory } = this.#options;
    this.#file!.close();
    this.#file = null;
    disk.rename(this.path + TEMPORARY_SUFFIX, this.path);
    disk.syncDirectory(directory);
  }

  /** False when the last byte is written. */
  #writeSlice(): boolean {
    const slice = this.#slice.reset();
    if (this.#file === null) {
      this.#file = this.#options.disk.open(this.path + TEMPORARY_SUFFIX, 'w');
      writeSnapshotHeader(slice);
    }
    const more = this.#serializer.next(slice, SLICE_BYTES);
    this.#putSlice();
    if (!more) this.#writeEnd();
    return more;
  }

  #writeEnd(): void {
    writeSeal(this.#slice.reset(), this.#adler);
    if (this.#options.digestEnabled) {
      this.#putSlice();
      const { lastProcessedZxid, digest } = this.#tree;
      // Upstream has no digest before the first transaction and writes 0.
      const value = lastProcessedZxid === 0 ? 0n : digest.toBigInt();
      this.#slice.reset().writeLong(lastProcessedZxid).writeInt(DIGEST_VERSION).writeBigLong(value);
      this.#putSlice();
      writeSeal(this.#slice.reset(), this.#adler);
    }
    this.#putSlice();
  }

  #putSlice(): void {
    const { buffer, length } = this.#slice;
    this.#file!.writeAt(this.#position, buffer, 0, length);
    this.#adler = adler32(buffer, 0, length, this.#adler);
    this.#position += length;
  }
}
