/**
 * Limit on the memory kept for what is proposed and not committed: requests and transactions. Above it the
 * server takes no request until half of it is committed, so a slow quorum makes everybody wait and costs no
 * more memory.
 */
export const OUTSTANDING_BYTES_MAX = 128 * 1024 * 1024;

/** Memory of one waiter for what is outstanding: a sync, or a session that comes back. */
export const SYNC_BYTES = 256;

/**
 * Memory that a proposal takes besides its bytes, and that each part of a multi takes: records of what it
 * changes, places in lists.
 */
const PROPOSAL_OVERHEAD_BYTES = 2048;
const PART_OVERHEAD_BYTES = 512;

/**
 * A proposal counts at least this many times its packet. A voter that comes back is sent all outstanding
 * packets at once, so they must fit in the backlog of the voters: else the leader would cut it off again.
 * @see LEARNER_BACKLOG_BYTES_MAX
 */
const PACKETS_MIN = 2.5;

/** Upper bound of the memory kept for a proposal: `bytes` of it and its request, `parts` of a multi. */
export function proposalBytes(bytes: number, packetBytes: number, parts: number): number {
  const counted = Math.max(bytes, packetBytes * PACKETS_MIN);
  return counted + PROPOSAL_OVERHEAD_BYTES + parts * PART_OVERHEAD_BYTES;
}

/** The memory of requests and proposals that wait for a quorum. */
export class OutstandingBytes {
  readonly #onRoom: () => void;
  readonly #max: number;
  /** Bytes kept for uncommitted proposals, and for requests that wait for them. */
  bytes = 0;
  isFull = false;

  constructor(onRoom: () => void, max = OUTSTANDING_BYTES_MAX) {
    this.#onRoom = onRoom;
    this.#max = max;
  }

  keep(bytes: number): void {
    this.bytes += bytes;
    if (this.bytes >= this.#max) this.isFull = true;
  }

  letGo(bytes: number): void {
    this.bytes -= bytes;
    if (!this.isFull || this.bytes > this.#max / 2) return;
    this.isFull = false;
    this.#onRoom();
  }
}
