/** The transactions that an ensemble agreed on, read from the logs that its members have on disk. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { silentLogger } from '../../../server/runtime/logging/logger.ts';
import { nodeRuntime } from '../../../server/runtime/node/node-runtime.ts';
import { LogFileReader } from '../../../server/storage/txn-log/log-file-reader.ts';
import { listLogFiles } from '../../../server/storage/txn-log/log-format.ts';
import { JuteReader } from '../../../server/wire/jute.ts';
import { readTxnBody, readTxnHeader } from '../../../server/wire/txn.ts';
import { counterOf, epochOf } from '../../../server/wire/zxid.ts';
import { transactionOf } from '../../checkers/logged-transaction.ts';
import { ModelTree, type Transaction } from '../../checkers/transaction.ts';
import { withoutRoot } from '../clients/client-root.ts';
import { isOfLaterChapter } from './chapter.ts';

export interface AgreedOptions {
  /** Log directories of the members, such as `<folder>/log/version-2`. */
  readonly directories: readonly string[];
  /** The last transaction that all members have applied. */
  readonly lastZxid: number;
  /** Ms since 1970 at 0 ms of the history. */
  readonly startedAtMs: number;
  /** Transactions of znodes elsewhere are left out, and paths lose the root; see `chapter.ts`. */
  readonly root: string;
  /** Transactions up to this one are left out; 0 for none. */
  readonly fromZxid: number;
  /** So are those from this one on. */
  readonly untilZxid: number;
}

/** What tells logs apart, without the transactions in them. */
interface LogDigest {
  readonly directory: string;
  readonly count: number;
  /** Of the last transaction, also of one that is left out. */
  readonly last: number;
  readonly zxids: string;
  readonly isConsistent: boolean;
}

/**
 * Returns the history up to the last zxid, oldest first; undefined when no single member has all of it. A
 * member that took a snapshot of its leader lacks what came before, and may keep what the others never agreed
 * on, so logs of several members are not put together: the longest counts, unless it contradicts itself and
 * another one does not. One log at a time is in memory.
 */
export function agreedTransactions(options: AgreedOptions): readonly Transaction[] | undefined {
  const { directories, lastZxid, untilZxid } = options;
  const logs = directories
    .filter(directory => existsSync(directory))
    .flatMap(directory => digestOf(directory, options) ?? [])
    .filter(({ last }) => last >= Math.min(lastZxid, untilZxid) || hasNoMore(last, lastZxid))
    .sort((a, b) => b.count - a.count);
  // What one member alone has logged it may never have been told to cut.
  const shared = logs.filter(
    log => logs.length === 1 || logs.filter(({ zxids }) => zxids === log.zxids).length > 1,
  );
  const [longest] = logs;
  const isAlike = logs.length > 1 && logs.every(({ count }) => count === longest?.count);
  const chosen = shared.find(({ isConsistent }) => isConsistent) ?? (isAlike ? longest : undefined);
  if (chosen === undefined) return undefined;
  const transactions: Transaction[] = [];
  for (const { kept } of transactionsIn(chosen.directory, options))
    if (kept !== undefined) transactions.push(kept);
  return transactions;
}

/** A new epoch in which nobody has written has no transaction. */
function hasNoMore(last: number, lastZxid: number): boolean {
  return last > 0 && counterOf(lastZxid) === 0;
}

/** Undefined when the log is damaged, does not begin at the first transaction, or has a gap. */
function digestOf(directory: string, options: AgreedOptions): LogDigest | undefined {
  const zxids = createHash('sha256');
  const model = new ModelTree();
  let [count, last] = [0, 0];
  try {
    for (const { zxid, kept } of transactionsIn(directory, options)) {
      last = zxid;
      if (kept === undefined) continue;
      count += 1;
      zxids.update(`${zxid} `);
      model.apply(kept);
    }
  } catch {
    return undefined;
  }
  return { directory, count, last, zxids: zxids.digest('hex'), isConsistent: model.complaints.length === 0 };
}

/** @throws Error when the log is damaged, does not begin at the first transaction, or has a gap */
function* transactionsIn(
  directory: string,
  { lastZxid, startedAtMs, root, fromZxid, untilZxid }: AgreedOptions,
): Generator<{ readonly zxid: number; readonly kept: Transaction | undefined }> {
  const { disk } = nodeRuntime({ logger: silentLogger });
  const files = listLogFiles(disk, directory);
  const end = Math.min(lastZxid, untilZxid);
  let before = 0;
  for (const [at, { path, firstZxid }] of files.entries()) {
    const next = files[at + 1];
    if (firstZxid > end) return;
    if (next !== undefined && next.firstZxid <= fromZxid) continue;
    const reader = new LogFileReader(disk, path);
    try {
      for (let entry = reader.next(); entry !== null; entry = reader.next()) {
        const { zxid, txn } = entry;
        const isFirst = before === 0 && fromZxid > 0 && zxid <= fromZxid;
        if (!isFirst && !mayFollow(before, zxid)) throw new Error(`${zxid} follows ${before}`);
        before = zxid;
        if (zxid > lastZxid) break;
        const isKept = zxid > fromZxid && zxid < untilZxid;
        yield { zxid, kept: isKept ? keptOf(txn, startedAtMs, root) : undefined };
        if (zxid >= end) return;
      }
    } finally {
      reader.close();
    }
  }
}

function keptOf(txn: Buffer, startedAtMs: number, root: string): Transaction | undefined {
  const jute = new JuteReader(txn, 0, txn.length);
  const header = readTxnHeader(jute);
  return below(root, transactionOf(header, readTxnBody(jute, header.type), header.time - startedAtMs));
}

/** Undefined when all that it changes is elsewhere. What changes nothing by a path is everybody's. */
function below(root: string, transaction: Transaction): Transaction | undefined {
  const { change } = transaction;
  const parts = change.f === 'multi' ? change.changes : [change];
  const isElsewhere = parts.some(part => 'path' in part && ownPath(root, part.path) === undefined);
  if (isElsewhere) return undefined;
  if (root === '') return transaction;
  const moved = parts.map(part => ('path' in part ? { ...part, path: ownPath(root, part.path)! } : part));
  return { ...transaction, change: change.f === 'multi' ? { f: 'multi', changes: moved } : moved[0]! };
}

function ownPath(root: string, path: string): string | undefined {
  if (root === '') return isOfLaterChapter(path) ? undefined : path;
  return withoutRoot(root, path);
}

/** Counters have no gaps within an epoch, and begin with 1. */
function mayFollow(before: number, zxid: number): boolean {
  return epochOf(zxid) === epochOf(before) ? zxid === before + 1 : zxid > before && counterOf(zxid) === 1;
}
