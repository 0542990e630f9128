import { closeSync, openSync } from 'node:fs';
import type { Logger } from '../logging/logger.ts';

/**
 * The users of descriptors, the less important first. Writers of the log, a snapshot or an epoch file do not
 * ask: they may have the last one.
 */
export type DescriptorUse = 'client' | 'peer' | 'read';

export interface DescriptorReserveParts {
  /** The limit of the process; negative when it is unknown. */
  readonly max: number;
  /** The lowest free descriptor, which the system gives next; Infinity when there is none. */
  readonly lowestFree: () => number;
  readonly monotonicMs: () => number;
  readonly logger: Logger;
}

/** Time between two log lines about refused connections. */
const TELL_INTERVAL_MS = 60_000;

/**
 * Reserves descriptors for the more important users: a server whose clients have taken all can neither roll
 * its log nor hear its quorum (field report B10). The system gives the lowest free number, so a high one
 * shows that all below are open.
 */
export class DescriptorReserve {
  readonly #parts: DescriptorReserveParts;
  readonly #kept: Readonly<Record<DescriptorUse, number>>;
  /** Number of descriptors that may be opened before the next check. */
  #unlooked = 0;
  #toldMs = Number.NEGATIVE_INFINITY;
  /** Refused since the start of the process. */
  refused = 0;

  constructor(parts: DescriptorReserveParts) {
    this.#parts = parts;
    const { max } = parts;
    this.#kept = { client: share(max, 4, 128), peer: share(max, 8, 32), read: share(max, 16, 8) };
  }

  /** False when the caller must do without a descriptor. */
  allows(use: DescriptorUse): boolean {
    const { max, lowestFree } = this.#parts;
    if (max < 0 || this.#unlooked-- > 0) return true;
    const free = max - this.#kept.client - lowestFree();
    // Only half of the free ones, because files and dials take some without asking.
    this.#unlooked = free > 0 ? Math.floor(free / 2) : 0;
    if (free + this.#kept.client - this.#kept[use] > 0) return true;
    this.#refuse(use);
    return false;
  }

  #refuse(use: DescriptorUse): void {
    this.refused++;
    const nowMs = this.#parts.monotonicMs();
    if (nowMs - this.#toldMs < TELL_INTERVAL_MS) return;
    this.#toldMs = nowMs;
    const { max, logger } = this.#parts;
    logger.warn(
      `nearly all of the ${max} file descriptors of this process are open: the rest is kept for the log and the quorum, ` +
        `and the next ${use} is refused; raise the limit (ulimit -n), or bound connections with maxCnxns`,
      { max, refused: this.refused },
    );
  }
}

function share(max: number, part: number, most: number): number {
  return Math.min(Math.floor(max / part), most);
}

export function lowestFreeDescriptor(): number {
  try {
    const fd = openSync('/dev/null', 'r');
    closeSync(fd);
    return fd;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
