import { invariant } from '../errors.ts';
import type { TxnPacket } from '../wire/txn-packet.ts';
import { follows, zxidToHex } from '../wire/zxid.ts';

/**
 * The last transactions applied, kept to bring learners up to date without a snapshot. No holes: a later leader would
 * pass them on. @see ZOOKEEPER-4925
 */
export class CommittedLog {
  readonly #countMax: number;
  /** A ring once full: the oldest stands at `#start`. */
  #packets: TxnPacket[] = [];
  #start = 0;

  constructor(countMax: number) {
    this.#countMax = countMax;
  }

  get size(): number {
    return this.#packets.length;
  }

  /** Zxid of the oldest; `whenEmpty` when there is none. */
  minZxid(whenEmpty: number): number {
    return this.#packets.length === 0 ? whenEmpty : this.at(0).zxid;
  }

  maxZxid(whenEmpty: number): number {
    return this.#packets.length === 0 ? whenEmpty : this.at(this.#packets.length - 1).zxid;
  }

  /** 0 is the oldest. */
  at(index: number): TxnPacket {
    const packet = this.#packets[(this.#start + index) % this.#packets.length];
    invariant(packet !== undefined, `committed log has no entry ${index} of ${this.#packets.length}`);
    return packet;
  }

  add(packet: TxnPacket): void {
    const last = this.maxZxid(-1);
    invariant(
      last < 0 || follows(packet.zxid, last),
      `transaction ${zxidToHex(packet.zxid)} committed after ${zxidToHex(last)}`,
    );
    if (this.#countMax === 0) return;
    if (this.#packets.length < this.#countMax) {
      this.#packets.push(packet);
    } else {
      this.#packets[this.#start] = packet;
      this.#start = (this.#start + 1) % this.#countMax;
    }
  }

  /** Index of the first entry with a zxid of at least `zxid`: `size` when all are below. */
  indexFrom(zxid: number): number {
    let low = 0;
    let high = this.#packets.length;
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
  }
}
