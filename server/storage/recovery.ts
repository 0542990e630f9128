import { ServerError } from '../errors.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { ServerEvents } from '../metrics/server-events.ts';
import type { Logger } from '../runtime/logging/logger.ts';
import type { Disk } from '../runtime/runtime.ts';
import { DataTree } from '../tree/data-tree.ts';
import type { OwnerLayout } from '../tree/owner.ts';
import type { JuteLimits } from '../wire/jute-limits.ts';
import { txnPacket } from '../wire/txn-packet.ts';
import { counterOf, zxidToHex } from '../wire/zxid.ts';
import { DatabaseState } from './database-state.ts';
import { parseTxnPacket } from './parse-txn.ts';
import { loadNewestSnapshot, type NewestSnapshot, snapshotEndZxid } from './snapshots/snapshot-file.ts';
import type { SnapshotFileName } from './snapshots/snapshot-format.ts';
import { corruptLog, type LogEntry, type LogTail } from './txn-log/log-file-reader.ts';
import { TxnLogReader } from './txn-log/txn-log-reader.ts';

export interface RecoverySource {
  readonly disk: Disk;
  readonly logger: Logger;
  readonly events: ServerEvents;
  readonly metrics: Metrics;
  readonly snapDirectory: string;
  readonly logDirectory: string;
  readonly commitLogCount: number;
  readonly digestEnabled: boolean;
  readonly ownerLayout: OwnerLayout;
  readonly jute: JuteLimits;
  /**
   * Logs without a snapshot are replayed on an empty tree (snapshot.trust.empty), as an upgrade from 3.4 may
   * need.
   */
  readonly trustEmptySnapshot: boolean;
}

export interface Recovered {
  readonly state: DatabaseState;
  /** Undefined when the directory holds no snapshot. */
  readonly snapshotPath: string | undefined;
  readonly txnsReplayed: number;
  /** The torn entry that ends the logs, if there is one. It is cut before anything is appended. */
  readonly tail: LogTail | undefined;
}

/**
 * Loads the newest snapshot and replays the log after it, without changing anything on disk. With `upTo` it
 * gives the state right after that zxid, from a snapshot that holds nothing newer, or undefined when the
 * files cannot give it. @see ZOOKEEPER-4837
 *
 * @throws ServerError ZK_SNAPSHOT_MISSING, ZK_SNAPSHOT_CORRUPT, ZK_LOG_GAP, ZK_LOG_CORRUPT, ZK_DISK
 */
export function recover(source: RecoverySource): Recovered {
  return replay(source, Number.POSITIVE_INFINITY);
}

export function recoverUpTo(source: RecoverySource, upTo: number): DatabaseState | undefined {
  try {
    const { state, snapshotPath } = replay(source, upTo);
    return snapshotPath !== undefined && state.tree.lastProcessedZxid === upTo ? state : undefined;
  } catch (error) {
    if (!(error instanceof ServerError) || error.code === 'ZK_DISK' || error.code === 'ZK_INVARIANT')
      throw error;
    source.logger.warn('the logs do not reach the zxid that a TRUNC asks for', {
      upTo: zxidToHex(upTo),
      reason: error.message,
    });
    return undefined;
  }
}

/** True when a snapshot certainly holds no effect of a transaction after `zxid`. */
export function endsBy(disk: Disk, file: SnapshotFileName, zxid: number): boolean {
  if (zxid === Number.POSITIVE_INFINITY) return true;
  return file.zxid <= zxid && (snapshotEndZxid(disk, file.path) ?? file.zxid) <= zxid;
}

function replay(source: RecoverySource, upTo: number): Recovered {
  const { disk, logger, events, snapDirectory, logDirectory, ownerLayout } = source;
  const accept = (file: SnapshotFileName) => endsBy(disk, file, upTo);
  const snapshot = loadNewestSnapshot(disk, snapDirectory, events, accept, ownerLayout);
  const state = new DatabaseState(
    source.commitLogCount,
    source.metrics,
    events,
    snapshot?.tree ?? new DataTree(ownerLayout),
    snapshot?.sessionTimeouts,
  );
  if (snapshot !== undefined) state.digestCheck.snapshotLoaded(snapshot.digest, snapshot.path);
  const after = state.tree.lastProcessedZxid;
  const { jute } = source;
  const reader = new TxnLogReader(
    { disk, logger, directory: logDirectory, jute },
    after,
    snapshot?.path ?? 'an empty tree',
  );
  let txnsReplayed = 0;
  try {
    for (let entry = reader.next(); entry !== null && entry.zxid <= upTo; entry = reader.next()) {
      if (snapshot === undefined && !source.trustEmptySnapshot) throw missingSnapshot(snapDirectory, entry);
      state.digestCheck.logFile = entry.path;
      replayEntry(source, state, entry);
      txnsReplayed++;
    }
  } finally {
    reader.close();
  }
  if (snapshot !== undefined) requireReach(snapshot, state.tree.lastProcessedZxid);
  state.digestCheck.logFile = undefined;
  return { state, snapshotPath: snapshot?.path, txnsReplayed, tail: reader.tail };
}

function replayEntry(source: RecoverySource, state: DatabaseState, entry: LogEntry): void {
  const packet = txnPacket(entry.zxid, entry.txn);
  let parsed: ReturnType<typeof parseTxnPacket>;
  try {
    parsed = parseTxnPacket(packet);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw corruptLog({ path: entry.path, offset: entry.offset, reason });
  }
  state.apply(packet, parsed.header, parsed.body, source.digestEnabled ? parsed.digestAt : -1, false);
}

/**
 * A damaged snapshot may be skipped when the logs lead to its zxid. After a SNAP there are none, and the
 * server would come back without what it has acknowledged since.
 */
function requireReach({ passedOver, path }: NewestSnapshot, reached: number): void {
  // The first zxid of an epoch is no transaction: a leader's snapshot of that moment holds no more than the
  // log.
  const lost = passedOver.find(file => file.zxid > reached && counterOf(file.zxid) > 0);
  if (lost === undefined) return;
  throw new ServerError(
    'ZK_SNAPSHOT_CORRUPT',
    `${lost.path} cannot be read (${lost.reason}), and from ${path} the logs lead only to ${zxidToHex(reached)}`,
    { path: lost.path, reached: zxidToHex(reached) },
  );
}

function missingSnapshot(directory: string, entry: LogEntry): ServerError {
  return new ServerError(
    'ZK_SNAPSHOT_MISSING',
    `${entry.path} holds transactions from ${zxidToHex(entry.zxid)} on, but ${directory} has no snapshot to start from` +
      '. If ZooKeeper 3.4 wrote them, or an older version, one start with snapshot.trust.empty=true takes them as they are',
    { directory, log: entry.path },
  );
}
