import { ServerError } from '../../errors.ts';
import type { Disk, DiskFile } from '../../runtime/runtime.ts';
import { TXN_HEADER_BYTES } from '../../wire/txn.ts';
import { adler32 } from '../adler32.ts';
import { onDisk } from '../disk-error.ts';
import {
  ENTRY_END,
  ENTRY_HEAD_BYTES,
  LOG_HEADER_BYTES,
  LOG_MAGIC,
  LOG_VERSION,
  logHeader,
} from './log-format.ts';

export interface LogEntry {
  readonly zxid: number;
  /** Header, body and digest, as a view that is valid until the next call of `next`. */
  readonly txn: Buffer;
  readonly path: string;
  readonly offset: number;
  /** Where the next entry starts. */
  readonly endOffset: number;
}

export interface LogDamage {
  readonly path: string;
  readonly offset: number;
  readonly reason: string;
}

/** The end of a file that does not end in a whole entry. */
export interface LogTail extends LogDamage {
  /**
   * True when some of its bytes never reached the medium, as after a crash. Otherwise the entry was whole
   * once, and perhaps acknowledged.
   */
  readonly torn: boolean;
  /** The length that the entry states; 0 when that is missing. */
  readonly entryBytes: number;
  /** Zxid of the last whole entry; -1 when there is none. */
  readonly lastZxid: number;
}

const READ_BYTES = 256 * 1024;
/** Offset of the zxid in the transaction header, after clientId and cxid. */
const ZXID_OFFSET = 12;
/** The unit that a medium writes completely or not at all. */
const SECTOR_BYTES = 512;

/**
 * Reads the entries of one log file. A crash tears only the end of the last write, so bytes that are no entry
 * count as the end of the file, with `damage` set. If a whole entry stands somewhere behind them they were
 * whole once, and reading on or cutting there would lose transactions. @throws ZK_LOG_CORRUPT
 */
export class LogFileReader {
  readonly path: string;
  /** Set when the file ends in bytes that are neither an entry nor padding. */
  damage: LogTail | undefined;
  readonly #file: DiskFile;
  readonly #size: number;
  #offset = LOG_HEADER_BYTES;
  #chunk: Buffer = Buffer.alloc(0);
  #chunkStart = 0;
  #lastZxid = -1;
  #ended: boolean;

  /** `bytesMax`: where the entries of a file under way end. The reader ignores the preallocated rest. */
  constructor(disk: Disk, path: string, bytesMax = Number.POSITIVE_INFINITY) {
    this.path = path;
    this.#file = onDisk('open', path, () => disk.open(path, 'r'));
    this.#size = Math.min(this.#file.size(), bytesMax);
    this.#ended = !this.#hasHeader();
  }

  /** Where the next entry would start: after the last whole one. */
  get offset(): number {
    return this.#offset;
  }

  next(): LogEntry | null {
    if (this.#ended) return null;
    const at = this.#offset;
    const head = this.#bytesAt(at, ENTRY_HEAD_BYTES);
    const length = this.#lengthAt(at);
    if (length === 0) return this.#endAt(at, isAllZeros(head) ? undefined : 'it ends inside an entry');
    const reason = this.#damageOf(at, length);
    if (reason !== undefined) return this.#endAt(at, reason);
    const txn = this.#bytesAt(at + ENTRY_HEAD_BYTES, length);
    this.#offset = at + ENTRY_HEAD_BYTES + length + 1;
    this.#lastZxid = zxidAt(txn, 0);
    return { zxid: this.#lastZxid, txn, path: this.path, offset: at, endOffset: this.#offset };
  }

  close(): void {
    this.#file.close();
  }

  /** False for a file whose header a crash left incomplete. Such a file holds nothing. @see ZOOKEEPER-2332 */
  #hasHeader(): boolean {
    const header = this.#bytesAt(0, LOG_HEADER_BYTES);
    const whole = header.length === LOG_HEADER_BYTES;
    if (whole && header.readInt32BE(0) === LOG_MAGIC && header.readInt32BE(4) === LOG_VERSION) return true;
    const wanted = logHeader();
    const written = header.findLastIndex(byte => byte !== 0) + 1;
    if (!header.subarray(0, written).equals(wanted.subarray(0, written))) {
      this.#corrupt(0, 'it does not start as a transaction log');
    }
    if (this.#entryBehind(header.length)) this.#corrupt(0, 'its header is lost');
    return false;
  }

  #damageOf(at: number, length: number): string | undefined {
    if (length < TXN_HEADER_BYTES) return `an entry of ${length} bytes`;
    // The file is the only limit: transactions may have been written under a larger jute.maxbuffer.
    const end = at + ENTRY_HEAD_BYTES + length;
    if (end >= this.#size) return 'it ends inside an entry';
    if (this.#byteAt(end) !== ENTRY_END) return 'an entry without its end mark';
    const stored = this.#bytesAt(at, 8);
    const wanted = adler32(this.#bytesAt(at + ENTRY_HEAD_BYTES, length), 0, length);
    if (stored.readUInt32BE(0) !== 0 || stored.readUInt32BE(4) !== wanted) return 'checksum mismatch';
    return undefined;
  }

  #endAt(at: number, reason: string | undefined): null {
    this.#ended = true;
    if (this.#entryBehind(at + 1)) this.#corrupt(at, `${reason ?? 'a hole'}, with transactions behind it`);
    if (reason !== undefined) {
      const { path } = this;
      const entryBytes = this.#lengthAt(at);
      const torn = this.#isTorn(at, entryBytes);
      this.damage = { path, offset: at, reason, torn, entryBytes, lastZxid: this.#lastZxid };
    }
    return null;
  }

  /**
   * Where a sector did not reach the medium, a crash leaves zeros or the end of the file. An entry with bytes
   * in every sector and its end mark was written whole, so its damage came later.
   */
  #isTorn(at: number, length: number): boolean {
    if (this.#isWholeBut(at)) return false;
    const end = at + ENTRY_HEAD_BYTES + length + 1;
    if (length < 0) return false;
    if (length === 0 || end > this.#size || this.#bytesAt(end - 1, 1)[0] === 0) return true;
    for (let from = at; from < end; from = sectorAfter(from)) {
      if (isAllZeros(this.#bytesAt(from, Math.min(sectorAfter(from), end) - from))) return true;
    }
    return false;
  }

  #lengthAt(at: number): number {
    const head = this.#bytesAt(at, ENTRY_HEAD_BYTES);
    return head.length < ENTRY_HEAD_BYTES ? 0 : head.readInt32BE(8);
  }

  /** True when only the length is wrong: the bytes up to the zeros have the stored checksum. */
  #isWholeBut(at: number): boolean {
    const end = this.#lastFilled(at) - at;
    if (end < ENTRY_HEAD_BYTES + TXN_HEADER_BYTES || this.#byteAt(at + end) !== ENTRY_END) return false;
    const rest = this.#bytesAt(at, end);
    return rest.readUInt32BE(4) === adler32(rest, ENTRY_HEAD_BYTES, end);
  }

  /**
   * Position of the last byte that is not zero; before `from` when there is none. A file may end in 64 MiB of
   * zeros.
   */
  #lastFilled(from: number): number {
    for (let end = this.#size; end > from; ) {
      const start = Math.max(from, end - READ_BYTES);
      const bytes = this.#bytesAt(start, end - start);
      if (!isAllZeros(bytes)) return start + bytes.findLastIndex(byte => byte !== 0);
      end = start;
    }
    return from - 1;
  }

  /**
   * Looks for a whole entry that starts at `from` or later. It skips zeros, which padding consists of,
   * quickly.
   */
  #entryBehind(from: number): boolean {
    for (let at = from; at < this.#size; ) {
      const bytes = this.#bytesAt(at, READ_BYTES);
      if (isAllZeros(bytes)) {
        at += bytes.length;
        continue;
      }
      // An entry starts with four zero bytes and four of checksum, so one may begin in zeros: every offset
      // is tried.
      for (let i = 0; i < bytes.length; i++) {
        const isStart = i + 8 > bytes.length || (isZero(bytes, i) && !isZero(bytes, i + 4));
        if (isStart && this.#entryAt(at + i)) return true;
      }
      at += bytes.length;
    }
    return false;
  }

  #entryAt(at: number): boolean {
    const head = this.#bytesAt(at, ENTRY_HEAD_BYTES);
    if (head.length < ENTRY_HEAD_BYTES || head.readUInt32BE(0) !== 0) return false;
    const length = head.readInt32BE(8);
    if (head.readUInt32BE(4) === 0 || this.#damageOf(at, length) !== undefined) return false;
    // A client may store pieces of a log in a znode. Those are older than the log that then contains them.
    return zxidAt(this.#bytesAt(at + ENTRY_HEAD_BYTES, length), 0) > this.#lastZxid;
  }

  /** Reads one byte and keeps the chunk that was read ahead. */
  #byteAt(position: number): number | undefined {
    const at = position - this.#chunkStart;
    if (at >= 0 && at < this.#chunk.length) return this.#chunk[at];
    return onDisk('read', this.path, () => this.#file.readAt(position, 1))[0];
  }

  /** Up to `length` bytes; fewer only at the end of the file. Served from one chunk read ahead. */
  #bytesAt(position: number, length: number): Buffer {
    const start = position - this.#chunkStart;
    if (start < 0 || start + length > this.#chunk.length) {
      if (start >= 0 && this.#chunkStart + this.#chunk.length >= this.#size)
        return this.#chunk.subarray(start);
      const wanted = Math.max(length, READ_BYTES);
      this.#chunk = onDisk('read', this.path, () => this.#file.readAt(position, wanted));
      this.#chunkStart = position;
      return this.#chunk.subarray(0, length);
    }
    return this.#chunk.subarray(start, start + length);
  }

  #corrupt(offset: number, reason: string): never {
    throw corruptLog({ path: this.path, offset, reason });
  }
}

export function corruptLog(damage: LogDamage): ServerError {
  const { path, offset, reason } = damage;
  return new ServerError('ZK_LOG_CORRUPT', `log ${path} is damaged at offset ${offset}: ${reason}`, {
    path,
    offset,
  });
}

function zxidAt(txn: Buffer, start: number): number {
  return txn.readInt32BE(start + ZXID_OFFSET) * 0x1_0000_0000 + txn.readUInt32BE(start + ZXID_OFFSET + 4);
}

const ZEROS = Buffer.alloc(READ_BYTES);

function sectorAfter(position: number): number {
  return position - (position % SECTOR_BYTES) + SECTOR_BYTES;
}

/** Whether four bytes are zero. */
function isZero(bytes: Buffer, at: number): boolean {
  return (bytes[at]! | bytes[at + 1]! | bytes[at + 2]! | bytes[at + 3]!) === 0;
}

/** Accepts at most `READ_BYTES`. */
function isAllZeros(bytes: Buffer): boolean {
  return bytes.equals(ZEROS.subarray(0, bytes.length));
}
