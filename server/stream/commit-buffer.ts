import { Fifo } from '../collections/fifo.ts';
import { invariant } from '../errors.ts';
import type { TxnPacket } from '../wire/txn-packet.ts';
import { follows, zxidToHex } from '../wire/zxid.ts';

/** Memory that a kept transaction takes besides its own bytes. */
const TXN_OVERHEAD_BYTES = 256;

/**
 * The newest committed transactions, for a stream that keeps up. It has every transaction of the range
 * (`floor`, `through`], and no other. At its limit it forgets the oldest, which are in the log on disk.
 */
export class CommitBuffer {
  readonly #bytesMax: number;
  readonly #packets = new Fifo<TxnPacket>();
  #floor = 0;
  #through: number | null = null;
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Zxid before the oldest transaction that is kept. */
  get floor(): number {
    return this.#floor;
  }

  /** Zxid up to which everything is known to be committed; null until that is known. */
  get through(): number | null {
    return this.#through;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Starts anew: everything up to `zxid` is committed, and none of it is here. */
  restart(zxid: number): void {
    this.#packets.clear();
    this.#bytes = 0;
    this.#floor = zxid;
    this.#through = zxid;
  }

  /** Adds the next committed transaction. */
  add(packet: TxnPacket): void {
    const { zxid } = packet;
    if (this.#through === null || !follows(zxid, this.#through))
      invariant(false, `commit stream: ${zxidToHex(zxid)} after ${zxidToHex(this.#through ?? -1)}`);
    this.#through = zxid;
    this.#packets.push(packet);
    this.#bytes += sizeOf(packet);
    while (this.#bytes > this.#bytesMax) this.#forgetOldest();
  }

  /** Takes about `bytesMax` of the transactions after `after`, which must not be below `floor`. */
  takeAfter(after: number, bytesMax: number): TxnPacket[] {
    if (after < this.#floor) invariant(false, `commit stream: ${zxidToHex(after)} is not in memory any more`);
    const taken: TxnPacket[] = [];
    for (let left = bytesMax; left > 0; ) {
      const packet = this.#forgetOldest();
      if (packet === undefined) break;
      if (packet.zxid <= after) continue;
      taken.push(packet);
      left -= sizeOf(packet);
    }
    return taken;
  }

  #forgetOldest(): TxnPacket | undefined {
    const packet = this.#packets.shift();
    if (packet === undefined) return undefined;
    this.#bytes -= sizeOf(packet);
    this.#floor = packet.zxid;
    return packet;
  }
}

function sizeOf(packet: TxnPacket): number {
  return packet.bytes.length + TXN_OVERHEAD_BYTES;
}
