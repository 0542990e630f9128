import { Fifo } from '../collections/fifo.ts';
import type { TxnPacket } from '../wire/txn-packet.ts';

/**
 * More than a master of ours can have under way: OUTSTANDING_BYTES_MAX counts a leader's at 2.5 times their
 * size, and at an observer master COMMITTED_BYTES_MAX more may wait to be applied.
 */
export const PENDING_BYTES_MAX = 128 * 1024 * 1024;
/** Memory that a proposal takes here besides its own bytes. */
const PROPOSAL_OVERHEAD_BYTES = 256;

/**
 * What an observer has been proposed and its master has not committed, oldest first. It stays in memory: a
 * proposal may come to nothing, so it is neither logged nor applied before its COMMIT.
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

  /** The oldest one, if it has this zxid: then it is pending no more. */
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
