import type { TxnPacket } from '../wire/txn-packet.ts';
import { follows, zxidToHex } from '../wire/zxid.ts';

export interface LearnerOnDisk {
  readonly sid: number;
  readonly role: 'follower' | 'observer';
  /** @default false */
  readonly asksForProposals?: boolean;
  acceptedEpoch: number;
  currentEpoch: number;
  /** Zxids in its newest snapshot. */
  snapshot: number[];
  log: number[];
  /** How many entries of `log` survive power loss. */
  durable: number;
  isWiped: boolean;
  snapshotNeeded: boolean;
}

/** A learner's disk and memory, in which a transaction is its zxid. */
export class LearnerModel {
  readonly disk: LearnerOnDisk;
  /** Zxids applied in the memory of the running process. */
  tree: number[];

  constructor(disk: LearnerOnDisk) {
    this.disk = disk;
    this.tree = this.#recovered();
  }

  get history(): number[] {
    return [...this.disk.snapshot, ...this.disk.log];
  }

  #recovered(): number[] {
    return this.disk.isWiped ? [] : this.history;
  }

  /** Reconnects: the tree then holds what the learner has logged. */
  reconnect(): void {
    this.disk.durable = this.disk.log.length;
    this.tree = this.#recovered();
  }

  /** Loses what has not been synced. */
  losePower(): void {
    this.disk.log.length = this.disk.durable;
  }

  /** False when its files cannot end there. */
  truncate(zxid: number): boolean {
    const at = this.disk.log.indexOf(zxid);
    if (at < 0 && zxid !== (this.disk.snapshot.at(-1) ?? 0)) return false;
    this.disk.log.length = at + 1;
    this.disk.durable = at + 1;
    this.tree = this.history;
    return true;
  }

  restore(tree: readonly number[]): void {
    Object.assign(this.disk, { snapshot: [...tree], log: [], durable: 0, isWiped: false });
    this.tree = [...tree];
  }

  serve(committed: readonly TxnPacket[], pending: readonly TxnPacket[]): void {
    for (const { zxid } of [...committed, ...pending]) this.disk.log.push(zxid);
    for (const { zxid } of committed) this.tree.push(zxid);
  }

  /** Logs the next transaction of phase 3, as Follower and Observer do. */
  logNext(zxid: number): void {
    const last = this.history.at(-1) ?? 0;
    if (!follows(zxid, last)) throw new Error(`${zxidToHex(zxid)} does not follow ${zxidToHex(last)}`);
    this.disk.log.push(zxid);
  }
}
