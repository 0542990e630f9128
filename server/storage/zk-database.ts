import { invariant, ServerError } from '../errors.ts';
import { DataTree } from '../tree/data-tree.ts';
import type { TxnResult } from '../tree/txn-result.ts';
import { TXN_DIGEST_BYTES, type TxnBody, type TxnHeader } from '../wire/txn.ts';
import { type TxnPacket, txnEnd, txnPacket } from '../wire/txn-packet.ts';
import { zxidToHex } from '../wire/zxid.ts';
import type { ZkDatabaseConfig, ZkDatabaseParts } from './database-config.ts';
import { DatabaseSnapshots } from './database-snapshots.ts';
import { DatabaseState } from './database-state.ts';
import { DataDirectories } from './directories/data-directories.ts';
import { firstStart } from './directories/first-start.ts';
import { refuseOtherNames } from './directories/other-names.ts';
import { CommittedHistory, type HistoryRange } from './history/committed-history.ts';
import type { CommittedLog } from './history/committed-log.ts';
import {
  type CurrentLog,
  type DiskDiff,
  type DiskDiffRange,
  openDiskDiff,
  openLogRange,
} from './history/disk-diff.ts';
import { parseTxnPacket } from './parse-txn.ts';
import { type RecoverySource, recover, recoverUpTo } from './recovery.ts';
import { SnapshotStreamReader } from './snapshots/snapshot-stream-reader.ts';
import { FileTxnLog, type FlushDone } from './txn-log/file-txn-log.ts';
import { cutFile, endsBefore, forgetAfter, forgetSnapshotsAfter } from './txn-log/forget.ts';
import { listLogFiles } from './txn-log/log-format.ts';
import { renewNewestLog } from './txn-log/renew-log.ts';
import { TxnLogReader } from './txn-log/txn-log-reader.ts';

/**
 * The data of one server, in memory and on disk. Transactions reach it twice: when they are logged (`append`,
 * `flush`) and when they are committed (`apply`).
 *
 * Every failure of the disk reaches the caller as a ServerError, thrown or through `done`, and the server
 * stops.
 */
export class ZkDatabase {
  readonly #parts: ZkDatabaseParts;
  readonly #config: ZkDatabaseConfig;
  #state: DatabaseState;
  #log: FileTxnLog;
  readonly #directories: DataDirectories;
  readonly #snapshots: DatabaseSnapshots;
  #restoring = false;

  constructor(parts: ZkDatabaseParts, config: ZkDatabaseConfig) {
    this.#parts = parts;
    this.#config = config;
    this.#directories = new DataDirectories(parts.disk, config);
    this.#snapshots = new DatabaseSnapshots(parts, config, this.snapDirectory);
    this.#state = this.#emptyState();
    this.#log = this.#openLog(0);
  }

  get snapDirectory(): string {
    return this.#directories.snapshots;
  }

  get logDirectory(): string {
    return this.#directories.logs;
  }

  /** A different object after each `load`, `truncate` and `finishRestore`. */
  get tree(): DataTree {
    return this.#state.tree;
  }

  /** Global sessions: id to timeout in ms. Replaced together with `tree`. */
  get sessionTimeouts(): ReadonlyMap<bigint, number> {
    return this.#state.sessionTimeouts;
  }

  get committedLog(): CommittedLog {
    return this.#state.committedLog;
  }

  /**
   * -1 when the directory was empty and must not count as an empty tree (db.autocreate=false): the server
   * does not vote.
   */
  get lastProcessedZxid(): number {
    return this.#state.tree.lastProcessedZxid;
  }

  get lastLoggedZxid(): number {
    return this.#log.lastLoggedZxid;
  }

  /**
   * Zxid of the oldest transaction that a learner can get from memory; lastProcessedZxid when there is none.
   */
  get minCommittedZxid(): number {
    return this.committedLog.minZxid(this.lastProcessedZxid);
  }

  get maxCommittedZxid(): number {
    return this.committedLog.maxZxid(this.lastProcessedZxid);
  }

  // ------------------------------------------------------------------ start and stop

  /** Reads the data directory, or starts an empty one. @throws ServerError: see `recover` */
  load(): void {
    const startMs = this.#parts.clock.monotonicMs();
    const { disk, logger, events, metrics } = this.#parts;
    this.#leaveLog();
    this.#directories.open();
    const { state, snapshotPath, txnsReplayed, tail } = recover(this.#recoverySource());
    refuseOtherNames(disk, this.#directories.layout, state.tree.lastProcessedZxid);
    if (tail !== undefined) {
      const { path, offset, reason } = tail;
      events.emit({ kind: 'tornEntryCut', path, offset, reason });
      cutFile(disk, path, offset);
    }
    const { lastProcessedZxid } = state.tree;
    if (
      snapshotPath !== undefined &&
      txnsReplayed === 0 &&
      endsBefore(disk, this.logDirectory, lastProcessedZxid)
    ) {
      this.#directories.recordLogs(false);
      forgetAfter(disk, this.logDirectory, -1, logger);
    }
    renewNewestLog(disk, this.logDirectory);
    this.#state = state;
    this.#startNew(snapshotPath !== undefined, txnsReplayed > 0);
    if (this.#directories.hasLogs) this.#directories.recordLogs(true);
    if (this.lastProcessedZxid >= 0) this.#directories.pair(this.#parts.random);
    this.#log = this.#openLog(Math.max(0, this.lastProcessedZxid));
    this.#snapshots.schedule.startAt(txnsReplayed);
    if (snapshotPath !== undefined) metrics.summary('startup_txns_loaded').add(txnsReplayed);
    metrics.summary('dbinittime').add(this.#parts.clock.monotonicMs() - startMs);
    logger.info('the database is loaded', {
      zxid: zxidToHex(this.lastProcessedZxid),
      snapshotPath,
      txnsReplayed,
    });
  }

  /** Makes everything appended durable before it returns. No callback follows. @throws ServerError ZK_DISK */
  close(): void {
    this.#leaveLog();
  }

  // ------------------------------------------------------------------ transactions

  /** Adds a transaction to the current batch of the log. Durable only when a later `flush` says so. */
  append(packet: TxnPacket): void {
    if (this.#restoring) invariant(false, `transaction ${zxidToHex(packet.zxid)} logged during a SNAP`);
    if (!this.#config.logEnabled) {
      this.#log.skip(packet.zxid);
      return;
    }
    this.#log.append(packet);
    this.#snapshots.schedule.appended(packet.bytes.length);
  }

  /** Calls back when everything appended so far is durable, or with the error that prevents it. */
  flush(done: FlushDone): void {
    this.#log.flush(done);
  }

  /**
   * Applies a committed transaction, which must follow the one before. `digestAt` as in `ParsedTxn`; omitted
   * when this server, as leader, serialised the transaction itself.
   */
  apply(packet: TxnPacket, header: TxnHeader, body: TxnBody, digestAt?: number): TxnResult {
    return this.#state.apply(packet, header, body, this.#digestAt(packet, digestAt), true);
  }

  /** The same, from the bytes alone. @throws JuteError */
  applyPacket(packet: TxnPacket): TxnResult {
    const { header, body, digestAt } = parseTxnPacket(packet);
    return this.apply(packet, header, body, digestAt);
  }

  /**
   * The marker of a new epoch, with counter 0, has no transaction, but is a leader's last processed zxid all
   * the same.
   */
  startEpoch(zxid: number): void {
    if (zxid < this.lastProcessedZxid) invariant(false, `epoch of ${zxidToHex(zxid)} starts in the past`);
    this.#state.tree.lastProcessedZxid = zxid;
  }

  /**
   * Applies transactions that are in the log and not yet in the tree. A member calls this when it leaves a
   * quorum, where they may be committed elsewhere, so that memory and disk agree. Returns their number. @see
   * ZOOKEEPER-2845
   */
  fastForward(): number {
    const steps = this.fastForwarding();
    for (;;) {
      const step = steps.next();
      if (step.done === true) return step.value;
    }
  }

  /**
   * The same in steps of one transaction, yielding its bytes, up to `through`. Callers that stop early must
   * call `return`.
   */
  *fastForwarding(
    through = Number.POSITIVE_INFINITY,
    apply: (packet: TxnPacket) => void = packet => void this.applyPacket(packet),
  ): Generator<number, number> {
    if (!this.#config.logEnabled) {
      this.#leaveLog();
      this.#log = this.#openLog(this.lastProcessedZxid);
      return 0;
    }
    // From here to the next NEWLEADER the tree takes transactions that may never be committed, here or in a
    // sync. A snapshot under way would hold effects of them, and without a digest could not say so.
    // ZOOKEEPER-4837
    this.#snapshots.cancel();
    if (this.lastLoggedZxid <= this.lastProcessedZxid) return 0;
    this.#log.writeOut();
    const { disk, logger } = this.#parts;
    const source = { disk, logger, directory: this.logDirectory, jute: this.#config.jute };
    const reader = new TxnLogReader(source, this.lastProcessedZxid, 'the tree');
    let count = 0;
    try {
      for (let entry = reader.next(); entry !== null; entry = reader.next()) {
        apply(txnPacket(entry.zxid, entry.txn));
        count++;
        yield entry.txn.length;
        // Behind `through` the log may have grown since it was read, which would look like a hole.
        if (entry.zxid >= through) break;
      }
    } finally {
      reader.close();
    }
    return count;
  }

  // ------------------------------------------------------------------ snapshots

  needsSnapshot(): boolean {
    return !this.#snapshots.isUnderWay && this.#snapshots.schedule.isDue;
  }

  /**
   * Rolls the log and writes a snapshot in slices. While another snapshot is under way it returns false and
   * never calls `done`.
   */
  takeSnapshot(done: FlushDone): boolean {
    if (this.#snapshots.isUnderWay) return false;
    this.#log.roll();
    this.#snapshots.schedule.begun();
    this.#snapshots.write(this.#state, this.#config.digestEnabled, done);
    return true;
  }

  // ------------------------------------------------------------------ synchronisation

  /**
   * TRUNC: removes everything after `zxid`, on disk first, then in memory. False, with nothing changed, when
   * the files cannot give the state at `zxid`: ask for a SNAP.
   */
  truncate(zxid: number): boolean {
    this.#leaveLog();
    const state = recoverUpTo(this.#recoverySource(), zxid);
    if (state === undefined) {
      this.#log = this.#openLog(this.#log.lastLoggedZxid);
      return false;
    }
    const { disk, logger } = this.#parts;
    forgetSnapshotsAfter(disk, this.snapDirectory, zxid, logger);
    if (listLogFiles(disk, this.logDirectory).every(({ firstZxid }) => firstZxid > zxid))
      this.#directories.recordLogs(false);
    forgetAfter(disk, this.logDirectory, zxid, logger);
    this.#state = state;
    this.#log = this.#openLog(zxid);
    return true;
  }

  /** SNAP: reads what the leader sends into a separate tree. Drop the reader to give up. */
  beginRestore(): SnapshotStreamReader {
    return new SnapshotStreamReader(this.#config.jute.packetBytesMax, this.#config.ownerLayout);
  }

  /**
   * The stream is complete: makes it durable, removes everything newer from disk, then replaces the tree and
   * calls back. Until then this database is as before and takes no transaction. @see ZOOKEEPER-3642
   */
  finishRestore(reader: SnapshotStreamReader, zxid: number, done: FlushDone): void {
    const lastLoggedZxid = this.#log.lastLoggedZxid;
    this.#leaveLog();
    this.#log = this.#openLog(lastLoggedZxid);
    this.#restoring = true;
    const { tree, sessionTimeouts } = reader;
    tree.lastProcessedZxid = zxid;
    // The stream is fuzzy and has no digest, so a digest of the present tree would look wrong later.
    this.#snapshots.write(reader, false, error => {
      this.#restoring = false;
      done(error ?? this.#replaceState(tree, sessionTimeouts));
    });
  }

  /** Gives up a restore whose `done` has not been called. Memory and disk are as before it. */
  cancelRestore(): void {
    if (!this.#restoring) return;
    this.#restoring = false;
    this.#snapshots.cancel();
  }

  /**
   * What a learner behind the committed log lacks, up to `through`; null: send a SNAP. Close it after use.
   */
  readLogFrom(zxid: number, through: number): DiskDiff | null {
    const { snapDirectory, logDirectory } = this;
    const { current, range } = this.#writtenLog({ after: zxid, through });
    const { snapshotSizeFactor } = this.#config;
    return openDiskDiff(this.#parts.disk, snapDirectory, logDirectory, snapshotSizeFactor, current, range);
  }

  /**
   * The applied transactions of a range, wherever they are now, for a learner whose sync has begun. Close it
   * after use.
   */
  history(range: HistoryRange): CommittedHistory {
    const openLog = (rest: HistoryRange): DiskDiff => {
      const { current, range } = this.#writtenLog(rest);
      return openLogRange(this.#parts.disk, this.logDirectory, current, range);
    };
    return new CommittedHistory(this.committedLog, openLog, range);
  }

  /** The zxids after which the log files are named, oldest first. */
  logStarts(): number[] {
    return listLogFiles(this.#parts.disk, this.logDirectory).map(({ firstZxid }) => firstZxid);
  }

  #writtenLog(range: HistoryRange): { readonly current: CurrentLog; readonly range: DiskDiffRange } {
    this.#log.writeOut();
    return {
      current: { path: this.#log.currentPath, bytes: this.#log.sizeBytes },
      range: { ...range, reach: this.committedLog.maxZxid(this.lastLoggedZxid) },
    };
  }

  // ------------------------------------------------------------------

  #replaceState(tree: DataTree, sessionTimeouts: Map<bigint, number>): ServerError | undefined {
    const { disk, logger } = this.#parts;
    const zxid = tree.lastProcessedZxid;
    try {
      // The log is removed first: if a crash leaves only a newer snapshot of our own, that is still a state
      // this server had. All of the log goes, because transactions are missing between its end and the SNAP,
      // and its last ones may not be committed.
      this.#directories.recordLogs(false);
      forgetAfter(disk, this.logDirectory, -1, logger);
      forgetSnapshotsAfter(disk, this.snapDirectory, zxid, logger);
    } catch (error) {
      if (error instanceof ServerError) return error;
      throw error;
    }
    this.#state = this.#emptyState(tree, sessionTimeouts);
    this.#state.digestCheck.treeOfUnknownDigest();
    this.#log = this.#openLog(zxid);
    this.#snapshots.schedule.startAt(0);
    return undefined;
  }

  #emptyState(tree?: DataTree, sessionTimeouts?: Map<bigint, number>): DatabaseState {
    const { metrics, events } = this.#parts;
    const { commitLogCount, ownerLayout } = this.#config;
    return new DatabaseState(
      commitLogCount,
      metrics,
      events,
      tree ?? new DataTree(ownerLayout),
      sessionTimeouts,
    );
  }

  #startNew(hasSnapshot: boolean, hasTxns: boolean): void {
    const { disk, logger } = this.#parts;
    const { votes, autoCreate } = this.#config;
    const { layout, record, hasLogs } = this.#directories;
    const isEmpty = this.lastProcessedZxid === 0 && !hasLogs;
    const found = { hasSnapshot, hasTxns, isEmpty };
    switch (firstStart({ disk, logger, layout, record, votes, autoCreate }, found)) {
      case 'untrusted':
        this.#state.tree.lastProcessedZxid = -1;
        return;
      case 'snapshot':
        // As upstream, a new server has a snapshot of zxid 0 from its start.
        this.#snapshots.writeNow(this.#state, this.#config.digestEnabled);
        break;
      case 'nothing':
    }
    if (votes && isEmpty) this.#directories.recordLogs(false);
  }

  #digestAt(packet: TxnPacket, digestAt: number | undefined): number {
    if (!this.#config.digestEnabled) return -1;
    return digestAt ?? txnEnd(packet) - TXN_DIGEST_BYTES;
  }

  #recoverySource(): RecoverySource {
    const { disk, logger, events, metrics } = this.#parts;
    const { snapDirectory, logDirectory } = this;
    return { disk, logger, events, metrics, snapDirectory, logDirectory, ...this.#config };
  }

  #openLog(lastLoggedZxid: number): FileTxnLog {
    const { disk, clock, metrics, logger } = this.#parts;
    const { preAllocBytes, txnLogSizeLimitBytes: sizeLimitBytes, forceSync, fsyncWarningMs } = this.#config;
    const limits = { preAllocBytes, sizeLimitBytes, forceSync, fsyncWarningMs };
    return new FileTxnLog(
      {
        disk,
        clock,
        metrics,
        logger,
        directory: this.logDirectory,
        onNewFile: () => this.#directories.recordLogs(true),
        ...limits,
      },
      lastLoggedZxid,
    );
  }

  /** Ends all writing: completes the log and gives up a snapshot. */
  #leaveLog(): void {
    this.#snapshots.cancel();
    this.#restoring = false;
    this.#log.close();
  }
}
