/**
 * Znodes that a leader may still take for non-empty. Apache ZooKeeper's PrepRequestProcessor judges a delete
 * by the tree and by the changes that are proposed and not yet applied. For a closeSession it notes that the
 * ephemerals go, and not that their parents have fewer children. Until that closeSession is applied, and for
 * as long as later changes of the parent follow without a pause, a delete of the parent is refused with
 * NOTEMPTY though the tree before its zxid gives no reason.
 */
import { epochOf } from '../../server/wire/zxid.ts';
import { type HistoryEvent, isWrite, type Operation } from './history.ts';
import type { Touch, Transaction } from './transaction.ts';

export class UncountedClosings {
  readonly #applied: AppliedBy;
  /** By the zxid of each answered write: where in the history it was asked for. */
  readonly #askedAt: ReadonlyMap<number, number>;
  /** By path: the last change behind such a closeSession. */
  readonly #last = new Map<string, number>();

  constructor(history: readonly HistoryEvent[], operations: readonly Operation[]) {
    this.#applied = new AppliedBy(history);
    this.#askedAt = new Map(
      operations.flatMap(({ invoke, completion }) =>
        isWrite(invoke.f) && completion?.zxid !== undefined ? [[completion.zxid, invoke.index]] : [],
      ),
    );
  }

  /** Call this when a transaction is applied to the model, after all with smaller zxids. */
  see({ zxid, change }: Transaction, touches: readonly Touch[]): void {
    for (const { path, what } of touches) {
      if (what === 'deleted') this.#last.delete(path);
      else if (change.f === 'closeSession') this.#last.set(path, zxid);
      else if (!this.#last.has(path)) continue;
      else if (this.mayCount(path, zxid, this.#askedAt.get(zxid) ?? 0)) this.#last.set(path, zxid);
      else this.#last.delete(path);
    }
  }

  /**
   * Whether the leader may have counted children of this znode that are gone, when it was asked for the write
   * of this zxid.
   * @param askedAt position in the history
   */
  mayCount(path: string, zxid: number, askedAt: number): boolean {
    const last = this.#last.get(path);
    return last !== undefined && epochOf(last) === epochOf(zxid) && !this.#applied.everywhere(last, askedAt);
  }
}

/** By which position in the history each server has shown to have applied a zxid. */
class AppliedBy {
  readonly #byServer = new Map<string, { readonly index: number; readonly zxid: number }[]>();

  constructor(history: readonly HistoryEvent[]) {
    for (const { type, index, zxid, server = '' } of history) {
      if (type === 'invoke' || zxid === undefined) continue;
      const shown = this.#byServer.get(server) ?? [];
      this.#byServer.set(server, shown);
      if (zxid > (shown.at(-1)?.zxid ?? 0)) shown.push({ index, zxid });
    }
  }

  /** One of the servers is the leader, and the history does not say which. */
  everywhere(zxid: number, before: number): boolean {
    return [...this.#byServer.values()].every(shown => {
      const first = firstFrom(shown, zxid);
      return first !== undefined && first < before;
    });
  }
}

function firstFrom(
  shown: readonly { readonly index: number; readonly zxid: number }[],
  zxid: number,
): number | undefined {
  let low = 0;
  for (let high = shown.length; low < high; ) {
    const middle = (low + high) >>> 1;
    if ((shown[middle]?.zxid ?? 0) < zxid) low = middle + 1;
    else high = middle;
  }
  return shown[low]?.index;
}
