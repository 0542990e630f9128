import { parseTxnPacket } from '../../../server/storage/parse-txn.ts';
import { type TxnPacket, txnOf } from '../../../server/wire/txn-packet.ts';
import { counterOf, epochOf, zxidToHex } from '../../../server/wire/zxid.ts';
import { transactionOf } from '../../checkers/logged-transaction.ts';
import type { Transaction } from '../../checkers/transaction.ts';

interface Entry {
  readonly packet: TxnPacket;
  readonly timeMs: number;
  readonly member: string;
}

/**
 * Records every transaction that any member ever logged, and what each epoch started from. At the end this
 * shows which transactions the ensemble agreed on. Members report here and get nothing back.
 */
export class Journal {
  /** What must never happen: two transactions with one zxid, or two beginnings of one epoch. */
  readonly conflicts: string[] = [];
  readonly #nowMs: () => number;
  readonly #entries = new Map<number, Entry>();
  readonly #starts = new Map<number, { after: number; member: string }>();

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** `onNew`: called with a transaction that nobody had logged before. */
  logged(member: string, packet: TxnPacket, onNew?: (packet: TxnPacket) => void): void {
    const first = this.#entries.get(packet.zxid);
    if (first === undefined) {
      this.#entries.set(packet.zxid, { packet, timeMs: this.#nowMs(), member });
      onNew?.(packet);
    } else if (first.packet !== packet && !txnOf(first.packet).equals(txnOf(packet))) {
      this.conflicts.push(
        `${member} and ${first.member} logged different transactions as ${zxidToHex(packet.zxid)}`,
      );
    }
  }

  /** `member` leads `epoch` from now on; its history so far ends at `after`. */
  epochStarted(member: string, epoch: number, after: number): void {
    const first = this.#starts.get(epoch);
    if (first === undefined) this.#starts.set(epoch, { after, member });
    else if (first.member !== member || first.after !== after)
      this.conflicts.push(
        `epoch ${epoch} was started by ${first.member} after ${zxidToHex(first.after)} and by ${member} after ${zxidToHex(after)}`,
      );
  }

  /** The history that ends at `last`, oldest first; undefined when members never reported a part of it. */
  agreedUpTo(last: number): Transaction[] | undefined {
    const agreed: Transaction[] = [];
    for (let zxid: number | undefined = last; zxid !== 0; zxid = this.#before(zxid)) {
      if (zxid === undefined) return undefined;
      if (counterOf(zxid) === 0) continue;
      const entry = this.#entries.get(zxid);
      if (entry === undefined) return undefined;
      const { header, body } = parseTxnPacket(entry.packet);
      agreed.push(transactionOf(header, body, entry.timeMs));
    }
    return agreed.reverse();
  }

  /** The last transaction of a member at `zxid`, which may be the start of an epoch and so none. */
  lastTransaction(zxid: number): number {
    let last = zxid;
    while (last !== 0 && counterOf(last) === 0) {
      const after = this.#starts.get(epochOf(last))?.after;
      if (after === undefined) return last;
      last = after;
    }
    return last;
  }

  #before(zxid: number): number | undefined {
    return counterOf(zxid) > 1 ? zxid - 1 : this.#starts.get(epochOf(zxid))?.after;
  }
}
