import type { ZooKeeperServer } from '../../processors/zookeeper-server.ts';
import type { DataTree } from '../../tree/data-tree.ts';
import { zxidToHex } from '../../wire/zxid.ts';
import type { RequestBytes } from '../buffers/client-input.ts';
import type { SessionOrder } from './session-order.ts';

/**
 * A session whose server has ended, until the next server takes it over if it can. @see docs/sessions.md
 * "Hand-over"
 */
export class WaitingSession implements RequestBytes {
  /** The unanswered requests, oldest first. */
  readonly order: SessionOrder;
  /** Whether the server that has ended was read-only, as it told its client. */
  readonly wasReadOnly: boolean;
  readonly #sinceMs: number;
  /** The tree that holds its watches. The client has seen no change beyond `#zxid`. */
  readonly #tree: DataTree;
  readonly #zxid: number;

  constructor(order: SessionOrder, former: ZooKeeperServer, nowMs: number) {
    this.order = order;
    this.wasReadOnly = former.isReadOnly;
    this.#sinceMs = nowMs;
    this.#tree = former.parts.database.tree;
    this.#zxid = former.lastProcessedZxid;
  }

  /** No server works on any of its requests. */
  readonly submittedBytes = 0;

  get waitingBytes(): number {
    return this.order.bytes;
  }

  waitedMs(nowMs: number): number {
    return nowMs - this.#sinceMs;
  }

  /** Why `next` cannot take it over; null when that depends on the session alone. */
  problemWith(next: ZooKeeperServer): string | null {
    if (next.parts.database.tree !== this.#tree)
      return 'its watches are in a tree that a SNAP or TRUNC has replaced';
    if (next.lastProcessedZxid < this.#zxid)
      return `client may have seen zxid ${zxidToHex(this.#zxid)}, the next server has ${zxidToHex(next.lastProcessedZxid)}`;
    return null;
  }
}
