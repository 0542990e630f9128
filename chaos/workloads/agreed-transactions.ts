/** The transactions that an ensemble agreed on, read from the logs that its members have on disk. */
import { existsSync } from 'node:fs';
import { silentLogger } from '../../server/runtime/logger.ts';
import { nodeRuntime } from '../../server/runtime/node-runtime.ts';
import type { Disk } from '../../server/runtime/runtime.ts';
import { LogFileReader } from '../../server/storage/log-file-reader.ts';
import { listLogFiles } from '../../server/storage/log-format.ts';
import { JuteReader } from '../../server/wire/jute.ts';
import { readTxnBody, readTxnHeader } from '../../server/wire/txn.ts';
import { counterOf, epochOf } from '../../server/wire/zxid.ts';
import { transactionOf } from '../checkers/logged-transaction.ts';
import { ModelTree, type Transaction } from '../checkers/transaction.ts';

export interface AgreedOptions {
  /** Log directories of the members, such as `<folder>/log/version-2`. */
  readonly directories: readonly string[];
  /** The last transaction that all members have applied. */
  readonly lastZxid: number;
  /** Ms since 1970 at 0 ms of the history. */
  readonly startedAtMs: number;
}

/**
 * Returns the history up to the last zxid, oldest first; undefined when no single member has all of it. A
 * member that took a snapshot of its leader lacks what came before, and may keep what the others never agreed
 * on, so logs of several members are not put together: the longest counts, unless it contradicts itself and
 * another one does not.
 */
export function agreedTransactions({
  directories,
  lastZxid,
  startedAtMs,
}: AgreedOptions): readonly Transaction[] | undefined {
  const { disk } = nodeRuntime({ logger: silentLogger });
  const logs = directories
    .filter(directory => existsSync(directory))
    .flatMap(directory => [wholeLog(disk, directory, startedAtMs) ?? []])
    .map(log => log.filter(({ zxid }) => zxid <= lastZxid))
    .filter(log => reaches(log, lastZxid))
    .sort((a, b) => b.length - a.length);
  // What one member alone has logged it may never have been told to cut.
  const shared = logs.filter(log => logs.length === 1 || logs.filter(other => isSame(log, other)).length > 1);
  const consistent = shared.find(isConsistent);
  if (consistent !== undefined) return consistent;
  const [longest] = logs;
  return logs.length > 1 && logs.every(log => log.length === longest?.length) ? longest : undefined;
}

/** A new epoch in which nobody has written has no transaction. */
function reaches(log: readonly Transaction[], lastZxid: number): boolean {
  const last = log.at(-1)?.zxid;
  return last === lastZxid || (last !== undefined && counterOf(lastZxid) === 0);
}

function isSame(a: readonly Transaction[], b: readonly Transaction[]): boolean {
  return a.length === b.length && a.every(({ zxid }, at) => zxid === b[at]?.zxid);
}

function isConsistent(log: readonly Transaction[]): boolean {
  const model = new ModelTree();
  for (const transaction of log) model.apply(transaction);
  return model.complaints.length === 0;
}

/** Undefined when the logs are damaged, do not begin at the first transaction, or have a gap. */
function wholeLog(disk: Disk, directory: string, startedAtMs: number): Transaction[] | undefined {
  const transactions: Transaction[] = [];
  for (const { path } of listLogFiles(disk, directory)) {
    let reader: LogFileReader | undefined;
    try {
      reader = new LogFileReader(disk, path);
      for (let entry = reader.next(); entry !== null; entry = reader.next()) {
        const before = transactions.at(-1)?.zxid ?? 0;
        if (!mayFollow(before, entry.zxid)) return undefined;
        const jute = new JuteReader(entry.txn, 0, entry.txn.length);
        const header = readTxnHeader(jute);
        const transaction = transactionOf(header, readTxnBody(jute, header.type), header.time - startedAtMs);
        transactions.push(transaction);
      }
    } catch {
      return undefined;
    } finally {
      reader?.close();
    }
  }
  return transactions;
}

/** Counters have no gaps within an epoch, and begin with 1. */
function mayFollow(before: number, zxid: number): boolean {
  return epochOf(zxid) === epochOf(before) ? zxid === before + 1 : zxid > before && counterOf(zxid) === 1;
}
