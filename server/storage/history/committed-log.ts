import { invariant } from '../../errors.ts';
import type { TxnPacket } from '../../wire/txn-packet.ts';
import { follows, zxidToHex } from '../../wire/zxid.ts';

/**
 * Upstream bounds only the count (`commitLogCount`), which allows 500 nodes of a megabyte. Older transactions
 * come from the log on disk.
 */
const COMMITTED_LOG_BYTES_MAX = 32 * 1024 * 1024;

/**
 * The last transactions applied, kept to update learners without a snapshot. It has no holes, because a later
 * leader would pass them on. @see ZOOKEEPER-4925
 */
export class CommittedLog {
  readonly #countMax: number;
  readonly #bytesMax: number;
  /** Two parallel rings. Dropped entries are not read again, because they left the CPU caches long ago. */
  #packets: (TxnPacket | undefined)[] = [];
  readonly #sizes: number[] = [];
  #oldest = 0;
  #size = 0;
  #maxZxid = -1;
  bytes = 0;

  constructor(countMax: number, bytesMax = COMMITTED_LOG_BYTES_MAX) {
    this.#countMax = countMax;
    this.#bytesMax = bytesMax;
  }

  get size(): number {
    return this.#size;
  }

  /** Zxid of the oldest; `whenEmpty` when there is none. */
  minZxid(whenEmpty: number): number {
    return this.#size === 0 ? whenEmpty : this.at(0).zxid;
  }

  maxZxid(whenEmpty: number): number {
    return this.#size === 0 ? whenEmpty : this.#maxZxid;
  }

  /** Index 0 is the oldest. */
  at(index: number): TxnPacket {
    const packet = index < this.#size ? this.#packets[this.#slotOf(index)] : undefined;
    if (packet === undefined) invariant(false, `committed log has no entry ${index} of ${this.#size}`);
    return packet;
  }

  add(packet: TxnPacket): void {
    const { zxid, bytes } = packet;
    if (this.#size > 0 && !follows(zxid, this.#maxZxid)) refuse(zxid, this.#maxZxid);
    if (this.#countMax === 0) return;
    if (this.#size === this.#countMax) this.#dropOldest();
    const slot = this.#slotOf(this.#size++);
    this.#packets[slot] = packet;
    this.#sizes[slot] = bytes.length;
    this.#maxZxid = zxid;
    this.bytes += bytes.length;
    while (this.bytes > this.#bytesMax && this.#size > 1) this.#dropOldest();
  }

  #slotOf(index: number): number {
    const slot = this.#oldest + index;
    return slot < this.#countMax ? slot : slot - this.#countMax;
  }

  #dropOldest(): void {
    this.bytes -= this.#sizes[this.#oldest]!;
    this.#packets[this.#oldest] = undefined;
    this.#oldest = this.#slotOf(1);
    this.#size--;
  }

  /** Index of the first entry with a zxid of at least `zxid`: `size` when all are below. */
  indexFrom(zxid: number): number {
    let low = 0;
    let high = this.#size;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.at(middle).zxid < zxid) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Index of the entry of exactly this zxid, or -1. */
  indexOf(zxid: number): number {
    const index = this.indexFrom(zxid);
    return index < this.#size && this.at(index).zxid === zxid ? index : -1;
  }

  clear(): void {
    this.#packets = [];
    this.#oldest = 0;
    this.#size = 0;
    this.bytes = 0;
  }
}

function refuse(zxid: number, last: number): never {
  invariant(false, `transaction ${zxidToHex(zxid)} committed after ${zxidToHex(last)}`);
}
