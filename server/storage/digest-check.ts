import type { Counter, Metrics } from '../metrics/metrics.ts';
import type { ServerEvents } from '../metrics/server-events.ts';
import { DIGEST_VERSION, type TreeDigest } from '../tree/digest.ts';
import { zxidToHex } from '../wire/zxid.ts';
import type { SnapshotDigest } from './snapshots/snapshot-file.ts';

/**
 * After a snapshot without a digest, the tree is reported as wrong when this many transactions have differed.
 */
export const SETTLE_TXNS_MAX = 10_000;

/**
 * Compares the digest that a transaction carries, as its leader predicted it, with that of the tree after it.
 * A difference means that this tree is not the leader's. It is counted, reported once per run of differences,
 * and not fatal.
 *
 * A tree from a fuzzy snapshot differs until the log has passed the snapshot's end. When that end is known,
 * nothing is compared before it. When it is not (a SNAP carries no digest), differences count only after the
 * first match, which must come within `SETTLE_TXNS_MAX` transactions.
 *
 * Apache's snapshots end with the digest before the transaction under way, and may already hold part of that
 * transaction. A difference at a snapshot's end therefore counts only when the tree still differs after the
 * next transaction.
 */
export class DigestCheck {
  readonly #mismatches: Counter;
  readonly #events: ServerEvents;
  #quietThrough = -1;
  #settleLeft = 0;
  #expected: SnapshotDigest | undefined;
  /** The snapshot differed. The next transaction confirms or refutes that. */
  #suspect: Difference | undefined;
  #differing = false;
  #snapshotFile: string | undefined;
  /** The log being replayed; undefined when transactions come from the leader. */
  logFile: string | undefined;

  constructor(metrics: Metrics, events: ServerEvents) {
    this.#mismatches = metrics.counter('digest_mismatches_count');
    this.#events = events;
  }

  /** The tree was just loaded from a file. */
  snapshotLoaded(digest: SnapshotDigest | undefined, file: string): void {
    this.#differing = false;
    this.#snapshotFile = file;
    this.#suspect = undefined;
    if (digest === undefined) {
      this.treeOfUnknownDigest();
      return;
    }
    this.#settleLeft = 0;
    this.#quietThrough = digest.zxid;
    this.#expected = digest.zxid > 0 && digest.version === DIGEST_VERSION ? digest : undefined;
  }

  treeOfUnknownDigest(): void {
    this.#differing = false;
    this.#quietThrough = -1;
    this.#expected = undefined;
    this.#suspect = undefined;
    this.#settleLeft = SETTLE_TXNS_MAX;
  }

  /**
   * Compares the tree after the transaction of this zxid with the digest of the snapshot it was loaded from.
   */
  atZxid(zxid: number, tree: TreeDigest): void {
    const expected = this.#expected;
    if (expected === undefined || zxid < expected.zxid) return;
    this.#expected = undefined;
    if (zxid === expected.zxid && expected.digest !== tree.toBigInt()) {
      this.#suspect = difference(zxid, 'snapshot', this.#snapshotFile, expected.digest, tree);
    }
  }

  /** `bytes[at, at + 12)` is the TxnDigest of the transaction just applied. */
  compare(zxid: number, tree: TreeDigest, bytes: Buffer, at: number): void {
    if (zxid <= this.#quietThrough || bytes.readInt32BE(at) !== DIGEST_VERSION) return;
    if (bytes.readInt32BE(at + 8) === tree.low && bytes.readInt32BE(at + 4) === tree.high) {
      this.#settleLeft = 0;
      this.#differing = false;
      this.#suspect = undefined;
    } else if (this.#settleLeft > 0) {
      this.#settleLeft--;
    } else {
      if (this.#suspect !== undefined) this.#report(this.#suspect);
      this.#suspect = undefined;
      this.#report(difference(zxid, 'transaction', this.logFile, bytes.readBigUInt64BE(at + 4), tree));
    }
  }

  #report(difference: Difference): void {
    this.#mismatches.add();
    if (this.#differing) return;
    this.#differing = true;
    this.#events.emit({ kind: 'treeDiffers', difference: { ...difference } });
  }
}

/** A difference as the log shows it. `file`: the file that contains `expected`, when it came from disk. */
interface Difference {
  readonly zxid: string;
  readonly source: 'snapshot' | 'transaction';
  readonly file?: string;
  readonly expected: string;
  readonly actual: string;
}

function difference(
  zxid: number,
  source: Difference['source'],
  file: string | undefined,
  expected: bigint,
  tree: TreeDigest,
): Difference {
  const digests = { expected: toHex(expected), actual: toHex(tree.toBigInt()) };
  return { zxid: zxidToHex(zxid), source, ...(file === undefined ? {} : { file }), ...digests };
}

function toHex(digest: bigint): string {
  return `0x${digest.toString(16)}`;
}
