import type { Logger } from '../runtime/logger.ts';
import type { Disk } from '../runtime/runtime.ts';
import { type DataLayout, refuseLostHistory } from './directory-check.ts';
import { onDisk } from './disk-error.ts';
import { EpochFiles } from './epoch-file.ts';
import type { LogRecord } from './log-record.ts';

export interface FirstStartContext {
  readonly disk: Disk;
  readonly logger: Logger;
  readonly layout: DataLayout;
  readonly record: LogRecord;
  readonly votes: boolean;
  /** db.autocreate */
  readonly autoCreate: boolean;
}

export interface Found {
  readonly hasSnapshot: boolean;
  readonly hasTxns: boolean;
  /** At zxid 0, and no file of a log. */
  readonly isEmpty: boolean;
}

/**
 * 'snapshot': one is to be written before it serves. 'untrusted': the tree is no data, and its server must
 * not vote.
 */
export type FirstStep = 'nothing' | 'snapshot' | 'untrusted';

/** A file of this name in dataDir or dataLogDir says, for one start, that an empty tree is intended. */
const INITIALIZE = 'initialize';

/**
 * What a server needs that has no data, or not all of it, before it serves. The wish of a person
 * (`initialize`) counts more than what db.autocreate and the epoch files say. @throws ServerError
 * ZK_DATA_MISMATCH
 */
export function firstStart(context: FirstStartContext, { hasSnapshot, hasTxns, isEmpty }: Found): FirstStep {
  const { disk, logger, layout, record, votes, autoCreate } = context;
  const currentEpoch = votes && isEmpty ? new EpochFiles(disk, layout.snapDirectory).readCurrentEpoch() : 0;
  const isMeant = takeInitializeFile(disk, layout);
  // Logs of 3.4 that were trusted once: the next start finds what it starts from, whatever it trusts
  // (ZOOKEEPER-3781).
  if (hasTxns) return hasSnapshot ? 'nothing' : 'snapshot';
  if (hasSnapshot) {
    if (currentEpoch > 0 && !isMeant && record.read() === undefined) refuseLostHistory(layout, currentEpoch);
    return 'nothing';
  }
  if (isMeant || (autoCreate && currentEpoch === 0)) return 'snapshot';
  const why =
    currentEpoch > 0
      ? `${layout.snapDirectory} has neither snapshots nor logs, but currentEpoch ${currentEpoch}`
      : `${layout.snapDirectory} is empty, which db.autocreate=false does not trust`;
  logger.warn(
    `${why}; this server does not vote until a leader has sent it the data. ` +
      `If it should start with an empty tree, create ${layout.dataDir}/${INITIALIZE} before the start`,
  );
  return 'untrusted';
}

/** Upstream's script creates the file in dataDir, and its server looks for it in dataLogDir. */
function takeInitializeFile(disk: Disk, { dataDir, dataLogDir }: DataLayout): boolean {
  const paths = [...new Set([dataDir, dataLogDir])].map(directory => `${directory}/${INITIALIZE}`);
  const found = paths.filter(path => disk.exists(path));
  for (const path of found) onDisk('remove', path, () => disk.remove(path));
  return found.length > 0;
}
