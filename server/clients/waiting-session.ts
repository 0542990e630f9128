import type { ZooKeeperServer } from '../processors/zookeeper-server.ts';
import type { DataTree } from '../tree/data-tree.ts';
import { zxidToHex } from '../wire/zxid.ts';
import type { RequestBytes } from './client-input.ts';
import type { SessionOrder } from './session-order.ts';

/**
 * A session between the server that served it and the next, which takes it over if it can. @see
 * docs/sessions.md "Hand-over"
 */
export class WaitingSession implements RequestBytes {
  /** What is not answered, in the order in which it was asked. */
  readonly order: SessionOrder;
  readonly #sinceMs: number;
  /** Holds its watches, and has told it of no change beyond `#zxid`. */
  readonly #tree: DataTree;
  readonly #zxid: number;

  constructor(order: SessionOrder, former: ZooKeeperServer, nowMs: number) {
    this.order = order;
    this.#sinceMs = nowMs;
    this.#tree = former.parts.database.tree;
    this.#zxid = former.lastProcessedZxid;
  }

  /** Nobody works on any of it. */
  readonly submittedBytes = 0;

  get waitingBytes(): number {
    return this.order.bytes;
  }

  waitedMs(nowMs: number): number {
    return nowMs - this.#sinceMs;
  }

  /** Why `next` cannot go on with it; null when only its session is in question. */
  problemWith(next: ZooKeeperServer): string | null {
    if (next.parts.database.tree !== this.#tree)
      return 'its watches are in a tree that a SNAP or TRUNC has replaced';
    if (next.lastProcessedZxid < this.#zxid)
      return `client may have seen zxid ${zxidToHex(this.#zxid)}, the next server has ${zxidToHex(next.lastProcessedZxid)}`;
    return null;
  }
}
