import { copyBytes } from '../../copy-bytes.ts';
import { invariant, type ServerError } from '../../errors.ts';
import type { Counter, Metrics, Summary } from '../../metrics/metrics.ts';
import type { Logger } from '../../runtime/logging/logger.ts';
import type { Clock, Disk, DiskFile } from '../../runtime/runtime.ts';
import { TXN_START, TXN_TRAILER_BYTES, type TxnPacket } from '../../wire/txn-packet.ts';
import { zxidToBareHex, zxidToHex } from '../../wire/zxid.ts';
import { adler32 } from '../adler32.ts';
import { diskError, onDisk } from '../disk-error.ts';
import { LogFileReader } from './log-file-reader.ts';
import { ENTRY_END, ENTRY_HEAD_BYTES, LOG_HEADER_BYTES, logHeader } from './log-format.ts';

export interface FileTxnLogOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly directory: string;
  /** Called once for each file, when its name is durable. */
  readonly onNewFile?: () => void;
  /**
   * A file grows in steps of this many bytes of zeros, so that a sync need not write its new size; 0 turns
   * this off.
   */
  readonly preAllocBytes: number;
  /** A file that exceeds this many bytes is followed by a new one; 0: only snapshots roll the log. */
  readonly sizeLimitBytes: number;
  /** False: transactions are acknowledged from the page cache (forceSync=no). */
  readonly forceSync: boolean;
  readonly logger: Logger;
  /** A sync that takes longer than this, in ms, causes a warning (fsync.warningthresholdms). */
  readonly fsyncWarningMs: number;
}

export type FlushDone = (error: ServerError | undefined) => void;

/** A batch above this many bytes goes to the page cache before its flush. */
const BATCH_BYTES_MAX = 1024 * 1024;
/** A transaction from this size on is not copied to the batch but written from where it is. */
const ALONE_BYTES_MIN = 64 * 1024;
/** Java extends a file when this close to its end. */
const PREALLOC_MARGIN_BYTES = 4096;

/**
 * The append side of the transaction log. Entries gather in one reused buffer. `flush` is one write and one
 * sync for all of them, and the next batch gathers while a sync is under way. An error breaks the log for
 * good: nobody knows what a failed sync left on the medium, so every later flush fails too.
 */
export class FileTxnLog {
  #options: FileTxnLogOptions;
  #batch: Buffer = Buffer.allocUnsafe(64 * 1024);
  #batchLength = 0;
  #batchFirstZxid = 0;
  /** Transactions since the last flush. */
  #batchTxns = 0;
  #waiting: FlushDone[] = [];
  #file: DiskFile | null = null;
  #newFile = false;
  #position = 0;
  #allocated = 0;
  #syncing = false;
  /** Bytes were written for which no sync has started. */
  #unsynced = false;
  #rollWanted = false;
  #closed = false;
  #failure: ServerError | undefined;
  #lastLoggedZxid: number;
  readonly #fsyncs: Counter;
  readonly #fsyncTime: Summary;
  readonly #batchSizes: Summary;

  /** `lastLoggedZxid`: where recovery found the end of the logs. The next entry starts a new file. */
  constructor(options: FileTxnLogOptions, lastLoggedZxid: number) {
    this.#options = options;
    this.#lastLoggedZxid = lastLoggedZxid;
    this.#fsyncs = options.metrics.counter('fsync_count');
    this.#fsyncTime = options.metrics.summary('fsynctime');
    this.#batchSizes = options.metrics.summary('sync_processor_batch_size');
  }

  /** Zxid of the last entry appended, durable or not. */
  get lastLoggedZxid(): number {
    return this.#lastLoggedZxid;
  }

  /** Bytes of the current file, entries only; 0 before the first batch is written. */
  get sizeBytes(): number {
    return this.#position;
  }

  /** The file being written, which must not be removed. */
  get currentPath(): string | undefined {
    return this.#file?.path;
  }

  /** Durable only when a later `flush` calls back. @throws ServerError when out of order */
  append(packet: TxnPacket): void {
    const { zxid, bytes } = packet;
    if (zxid <= this.#lastLoggedZxid || this.#closed) this.#refuse(zxid);
    const length = bytes.length - TXN_TRAILER_BYTES - TXN_START;
    const isAlone = length >= ALONE_BYTES_MIN && this.#mayWrite;
    const at = this.#batchLength;
    const end = at + ENTRY_HEAD_BYTES + (isAlone ? 0 : length + 1);
    if (end > this.#batch.length) this.#growBatch(end);
    const batch = this.#batch;
    const sum = adler32(bytes, TXN_START, TXN_START + length);
    batch[at] = batch[at + 1] = batch[at + 2] = batch[at + 3] = 0;
    putInt(batch, at + 4, sum);
    putInt(batch, at + 8, length);
    if (at === 0) this.#batchFirstZxid = zxid;
    this.#batchLength = end;
    this.#lastLoggedZxid = zxid;
    this.#batchTxns++;
    if (isAlone) {
      this.#writeNow(() => this.#writeAlone(bytes, length));
      return;
    }
    copyBytes(bytes, TXN_START, TXN_START + length, batch, at + ENTRY_HEAD_BYTES);
    batch[end - 1] = ENTRY_END;
    if (end >= BATCH_BYTES_MAX && this.#mayWrite) this.#writeNow(() => this.#writeBatch());
  }

  /** Counts a transaction as logged that will never be read from the log. */
  skip(zxid: number): void {
    if (zxid <= this.#lastLoggedZxid || this.#closed) this.#refuse(zxid);
    this.#lastLoggedZxid = zxid;
  }

  /**
   * Calls back when everything appended so far is durable, or never will be, but never during this call.
   * Starts at once when no sync is under way: call it once per turn.
   */
  flush(done: FlushDone): void {
    this.#waiting.push(done);
    if (!this.#syncing) this.#startFlush();
  }

  /** The next batch starts a new file. */
  roll(): void {
    this.#rollWanted = true;
  }

  /** Hands appended entries to the operating system, so that readers of the files see them. */
  writeOut(): void {
    if (this.#failure !== undefined) throw this.#failure;
    // A sync under way covers the current file, so a roll waits for it.
    if (this.#batchLength === 0) return;
    try {
      this.#writeBatch();
    } catch (error) {
      throw diskError('write', this.#path, error);
    }
  }

  /** Makes everything appended durable before it returns, and drops the callbacks of flushes under way. */
  close(): void {
    if (this.#closed) return;
    try {
      if (this.#failure === undefined) {
        this.writeOut();
        onDisk('sync', this.#path, () => this.#syncFileNow());
      }
    } finally {
      this.#closed = true;
      this.#waiting = [];
      onDisk('close', this.#path, () => this.#leaveFile());
    }
  }

  get #path(): string {
    return this.#file?.path ?? this.#options.directory;
  }

  #refuse(zxid: number): never {
    invariant(!this.#closed, `transaction ${zxidToHex(zxid)} appended to a closed log`);
    invariant(false, `transaction ${zxidToHex(zxid)} appended after ${zxidToHex(this.#lastLoggedZxid)}`);
  }

  #growBatch(bytes: number): void {
    const grown = Buffer.allocUnsafe(Math.max(bytes, this.#batch.length * 2));
    this.#batch.copy(grown, 0, 0, this.#batchLength);
    this.#batch = grown;
  }

  /** Whether a batch can be written before its flush. */
  get #mayWrite(): boolean {
    return this.#failure === undefined && !(this.#syncing && (this.#rollWanted || this.#file === null));
  }

  /** Writes before the flush, which shows a failure. */
  #writeNow(write: () => void): void {
    try {
      write();
    } catch (error) {
      this.#fail(error);
    }
  }

  #startFlush(): void {
    const batch = this.#waiting;
    this.#waiting = [];
    if (this.#batchTxns > 0) this.#batchSizes.add(this.#batchTxns);
    this.#batchTxns = 0;
    try {
      this.writeOut();
    } catch (error) {
      this.#fail(error);
    }
    const file = this.#file;
    if (this.#failure !== undefined || file === null || !this.#unsynced || !this.#options.forceSync) {
      this.#answerLater(batch);
      return;
    }
    this.#syncing = true;
    this.#unsynced = false;
    const startMs = this.#options.clock.monotonicMs();
    try {
      file.sync(error => this.#synced(error, batch, startMs));
    } catch (error) {
      this.#syncing = false;
      this.#fail(error);
      this.#answerLater(batch);
    }
  }

  #synced(error: Error | undefined, batch: FlushDone[], startMs: number): void {
    if (this.#closed) return;
    this.#syncing = false;
    this.#fsyncs.add();
    const { clock, logger, fsyncWarningMs } = this.#options;
    const ms = clock.monotonicMs() - startMs;
    this.#fsyncTime.add(ms);
    if (ms > fsyncWarningMs) {
      this.#options.metrics.counter('fsync_threshold_exceed_count').add();
      logger.warn('an fsync of the transaction log was slow', { path: this.#path, ms });
    }
    if (error !== undefined) this.#fail(error);
    else this.#syncNewName();
    // The next batch starts before this one's acknowledgements occupy the loop.
    if (this.#waiting.length > 0) this.#startFlush();
    this.#answer(batch);
  }

  /** Syncs the directory: only then is a new file found after a crash. */
  #syncNewName(): void {
    if (!this.#newFile) return;
    try {
      this.#nameIsDurable();
    } catch (error) {
      this.#fail(error);
    }
  }

  #answerLater(batch: FlushDone[]): void {
    this.#options.clock.atEndOfTurn(() => {
      if (!this.#closed) this.#answer(batch);
    });
  }

  #answer(batch: FlushDone[]): void {
    for (const done of batch) done(this.#failure);
  }

  #fail(error: unknown): void {
    this.#failure ??= diskError('write', this.#path, error);
  }

  #writeBatch(): void {
    const { sizeLimitBytes } = this.#options;
    const full = sizeLimitBytes > 0 && this.#position >= sizeLimitBytes;
    if (this.#file === null || ((this.#rollWanted || full) && !this.#syncing)) this.#startFile();
    const file = this.#file!;
    this.#preallocate(file, this.#position + this.#batchLength);
    file.writeAt(this.#position, this.#batch, 0, this.#batchLength);
    this.#position += this.#batchLength;
    this.#batchLength = 0;
    this.#unsynced = true;
  }

  /** Writes the batch, which ends with the head of this transaction, and then the transaction. */
  #writeAlone(bytes: Buffer, length: number): void {
    this.#writeBatch();
    const file = this.#file!;
    this.#preallocate(file, this.#position + length + 1);
    file.writeAt(this.#position, bytes, TXN_START, TXN_START + length);
    file.writeAt(this.#position + length, END_MARK);
    this.#position += length + 1;
  }

  #startFile(): void {
    if (this.#file !== null) {
      // Entries written early or by writeOut may not be durable yet, and no later sync covers this file.
      if (this.#options.forceSync) this.#syncFileNow();
      this.#leaveFile();
    }
    const { disk, directory } = this.#options;
    const path = `${directory}/log.${zxidToBareHex(this.#batchFirstZxid)}`;
    refuseToOverwrite(disk, path);
    this.#file = disk.open(path, 'w');
    this.#newFile = true;
    this.#rollWanted = false;
    this.#file.writeAt(0, logHeader());
    this.#position = LOG_HEADER_BYTES;
    this.#allocated = LOG_HEADER_BYTES;
  }

  #syncFileNow(): void {
    this.#file?.syncNow();
    if (this.#newFile) this.#nameIsDurable();
  }

  #nameIsDurable(): void {
    this.#options.disk.syncDirectory(this.#options.directory);
    this.#newFile = false;
    this.#options.onNewFile?.();
  }

  #leaveFile(): void {
    const file = this.#file;
    this.#file = null;
    if (file === null) return;
    // Cut the padding, so that the size of an old log is that of its transactions.
    if (this.#failure === undefined && this.#allocated > this.#position) file.truncate(this.#position);
    file.close();
  }

  #preallocate(file: DiskFile, end: number): void {
    const step = this.#options.preAllocBytes;
    if (step <= 0 || end + PREALLOC_MARGIN_BYTES < this.#allocated) return;
    while (end + PREALLOC_MARGIN_BYTES >= this.#allocated) this.#allocated += step;
    file.truncate(this.#allocated);
  }
}

const END_MARK = Buffer.of(ENTRY_END);

/** Recovery leaves at most an empty file under the name of the next entry. */
function refuseToOverwrite(disk: Disk, path: string): void {
  if (!disk.exists(path)) return;
  const reader = new LogFileReader(disk, path);
  const first = reader.next();
  reader.close();
  invariant(first === null, `log ${path} would be overwritten, and holds transactions`);
}

function putInt(bytes: Buffer, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}
