import { ServerError } from '../../errors.ts';
import { type TxnPacket, txnPacket } from '../../wire/txn-packet.ts';
import { zxidToHex } from '../../wire/zxid.ts';
import type { CommittedLog } from './committed-log.ts';
import type { DiskDiff } from './disk-diff.ts';

export interface HistoryRange {
  readonly after: number;
  /** The last zxid applied when the range was made. */
  readonly through: number;
}

/**
 * The transactions of a range, for a learner that reads slowly. None are kept for it: they come from the
 * committed log in memory while it has them, and later from the log on disk.
 */
export class CommittedHistory {
  readonly #memory: CommittedLog;
  readonly #openLog: (range: HistoryRange) => DiskDiff;
  readonly #through: number;
  #last: number;
  #log: DiskDiff | null = null;

  constructor(memory: CommittedLog, openLog: (range: HistoryRange) => DiskDiff, range: HistoryRange) {
    this.#memory = memory;
    this.#openLog = openLog;
    this.#last = range.after;
    this.#through = range.through;
  }

  /**
   * Hands over about `bytesMax` of transactions. False when those were the last.
   * @throws ServerError ZK_LOG_GAP when they are no longer there; ZK_DISK
   */
  read(bytesMax: number, take: (packet: TxnPacket) => void): boolean {
    let left = bytesMax;
    while (this.#log === null) {
      const packet = this.#fromMemory();
      if (packet === null) return false;
      if (packet === undefined) {
        this.#log = this.#openLog({ after: this.#last, through: this.#through });
        break;
      }
      if (left <= 0) return true;
      this.#last = packet.zxid;
      left -= packet.bytes.length;
      take(packet);
    }
    const more = this.#log.read(left, ({ zxid, txn }) => take(txnPacket(zxid, txn)));
    if (!this.#log.refused) return more;
    const range = `from ${zxidToHex(this.#last)} to ${zxidToHex(this.#through)}`;
    throw new ServerError('ZK_LOG_GAP', `the log no longer has all transactions ${range}`);
  }

  /** Null: there is no further transaction. Undefined: the next one is no longer in memory. */
  #fromMemory(): TxnPacket | null | undefined {
    const memory = this.#memory;
    if (this.#last >= Math.min(this.#through, memory.maxZxid(this.#through))) return null;
    if (!this.#isInMemory) return undefined;
    const packet = memory.at(memory.indexFrom(this.#last + 1));
    return packet.zxid > this.#through ? null : packet;
  }

  /**
   * True when the committed log holds the next transaction. When that begins another epoch, only the entry
   * before it can show that none is missing.
   */
  get #isInMemory(): boolean {
    const memory = this.#memory;
    if (memory.size === 0) return false;
    return memory.minZxid(0) <= this.#last + 1 && this.#last < memory.maxZxid(0);
  }

  close(): void {
    this.#log?.close();
    this.#log = null;
  }
}
