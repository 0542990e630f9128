/**
 * Kept for what is proposed and not committed, requests and transactions. At this much no request is taken
 * any more, until half of it is committed: a quorum that is slow makes everybody wait, and costs no more
 * memory.
 */
export const OUTSTANDING_BYTES_MAX = 128 * 1024 * 1024;

/** What waits for what is outstanding: a sync, or a session that comes back. */
export const SYNC_BYTES = 256;

/**
 * What a proposal takes beside its bytes, and what each part of a multi does: records of what it changes,
 * places in lists.
 */
const PROPOSAL_OVERHEAD_BYTES = 2048;
const PART_OVERHEAD_BYTES = 512;

/** `bytes` of a proposal and its request, `parts` of a multi: what is kept for it, at the most. */
export function proposalBytes(bytes: number, parts: number): number {
  return bytes + PROPOSAL_OVERHEAD_BYTES + parts * PART_OVERHEAD_BYTES;
}

/** The memory that waits for a quorum. */
export class OutstandingBytes {
  readonly #onRoom: () => void;
  readonly #max: number;
  /** Kept for what is proposed and not committed, and for those who wait for it. */
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
