import { invariant } from '../errors.ts';
import type { TxnPacket } from '../wire/txn-packet.ts';
import { follows, zxidToHex } from '../wire/zxid.ts';

/** Upstream bounds the count alone (`commitLogCount`): 500 nodes of a megabyte. What is older comes from the log. */
export const COMMITTED_LOG_BYTES_MAX = 32 * 1024 * 1024;

/**
 * The last transactions applied, kept to bring learners up to date without a snapshot. No holes: a later leader would
 * pass them on. @see ZOOKEEPER-4925
 */
export class CommittedLog {
  readonly #countMax: number;
  readonly #bytesMax: number;
  /** The oldest stands at `#start`; what was there before it has been let go. */
  #packets: (TxnPacket | undefined)[] = [];
  #start = 0;
  bytes = 0;

  constructor(countMax: number, bytesMax = COMMITTED_LOG_BYTES_MAX) {
    this.#countMax = countMax;
    this.#bytesMax = bytesMax;
  }

  get size(): number {
    return this.#packets.length - this.#start;
  }

  /** Zxid of the oldest; `whenEmpty` when there is none. */
  minZxid(whenEmpty: number): number {
    return this.size === 0 ? whenEmpty : this.at(0).zxid;
  }

  maxZxid(whenEmpty: number): number {
    return this.size === 0 ? whenEmpty : this.at(this.size - 1).zxid;
  }

  /** 0 is the oldest. */
  at(index: number): TxnPacket {
    const packet = this.#packets[this.#start + index];
    invariant(packet !== undefined, `committed log has no entry ${index} of ${this.size}`);
    return packet;
  }

  add(packet: TxnPacket): void {
    const last = this.maxZxid(-1);
    invariant(
      last < 0 || follows(packet.zxid, last),
      `transaction ${zxidToHex(packet.zxid)} committed after ${zxidToHex(last)}`,
    );
    if (this.#countMax === 0) return;
    this.#packets.push(packet);
    this.bytes += packet.bytes.length;
    while (this.size > this.#countMax || (this.bytes > this.#bytesMax && this.size > 1)) this.#dropOldest();
  }

  #dropOldest(): void {
    this.bytes -= this.at(0).bytes.length;
    this.#packets[this.#start++] = undefined;
    if (this.#start <= this.#countMax) return;
    this.#packets = this.#packets.slice(this.#start);
    this.#start = 0;
  }

  /** Index of the first entry with a zxid of at least `zxid`: `size` when all are below. */
  indexFrom(zxid: number): number {
    let low = 0;
    let high = this.size;
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
    return index < this.size && this.at(index).zxid === zxid ? index : -1;
  }

  clear(): void {
    this.#packets = [];
    this.#start = 0;
    this.bytes = 0;
  }
}
