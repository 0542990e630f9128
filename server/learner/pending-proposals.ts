import { Fifo } from '../collections/fifo.ts';
import type { TxnPacket } from '../wire/txn-packet.ts';

/**
 * More than a master of ours can have under way: a leader counts its proposals at 2.5 times their size
 * against OUTSTANDING_BYTES_MAX, and at an observer master COMMITTED_BYTES_MAX more bytes may wait to be
 * applied.
 */
export const PENDING_BYTES_MAX = 128 * 1024 * 1024;
/** Memory that a proposal takes here besides its own bytes. */
const PROPOSAL_OVERHEAD_BYTES = 256;

/**
 * The proposals that an observer has received and its master has not committed, oldest first. They stay in
 * memory: a proposal may never be committed, so it is neither logged nor applied before its COMMIT.
 */
export class PendingProposals {
  readonly #packets = new Fifo<TxnPacket>();
  readonly #bytesMax: number;
  #bytes = 0;

  constructor(bytesMax = PENDING_BYTES_MAX) {
    this.#bytesMax = bytesMax;
  }

  get length(): number {
    return this.#packets.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get isFull(): boolean {
    return this.#bytes > this.#bytesMax;
  }

  add(packet: TxnPacket): void {
    this.#packets.push(packet);
    this.#bytes += sizeOf(packet);
  }

  /** Removes and returns the oldest proposal if it has this zxid, else null. */
  take(zxid: number): TxnPacket | null {
    const oldest = this.#packets.peek();
    if (oldest === undefined || oldest.zxid !== zxid) return null;
    this.#packets.shift();
    this.#bytes -= sizeOf(oldest);
    return oldest;
  }

  get oldestZxid(): number | null {
    return this.#packets.peek()?.zxid ?? null;
  }
}

function sizeOf(packet: TxnPacket): number {
  return packet.bytes.length + PROPOSAL_OVERHEAD_BYTES;
}
