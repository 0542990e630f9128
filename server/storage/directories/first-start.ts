import type { Logger } from '../../runtime/logging/logger.ts';
import type { Disk } from '../../runtime/runtime.ts';
import { onDisk } from '../disk-error.ts';
import { EpochFiles } from '../epoch-file.ts';
import { type DataLayout, refuseLostHistory } from './directory-check.ts';
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
  /** True when the server is at zxid 0 and has no log file. */
  readonly isEmpty: boolean;
}

/**
 * 'snapshot': the server writes one before it serves. 'untrusted': the tree counts as no data, and the server
 * must not vote.
 */
export type FirstStep = 'nothing' | 'snapshot' | 'untrusted';

/** A file of this name in dataDir or dataLogDir says that an empty tree is intended, for one start. */
const INITIALIZE = 'initialize';

/**
 * Decides what a server without data, or with only part of it, does before it serves. A person's `initialize`
 * file overrides db.autocreate and the epoch files. @throws ServerError ZK_DATA_MISMATCH
 */
export function firstStart(context: FirstStartContext, { hasSnapshot, hasTxns, isEmpty }: Found): FirstStep {
  const { disk, logger, layout, record, votes, autoCreate } = context;
  const currentEpoch = votes && isEmpty ? new EpochFiles(disk, layout.snapDirectory).readCurrentEpoch() : 0;
  const isMeant = takeInitializeFile(disk, layout);
  // Logs of 3.4 were trusted once. A snapshot makes the next start independent of that setting
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
