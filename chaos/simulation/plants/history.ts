/** Mistakes in what a member keeps, cuts and reads again. */

import { DatabaseSnapshots } from '../../../server/storage/database-snapshots.ts';
import { CommittedLog } from '../../../server/storage/history/committed-log.ts';
import { parseTxnPacket } from '../../../server/storage/parse-txn.ts';
import { SnapshotStreamReader } from '../../../server/storage/snapshots/snapshot-stream-reader.ts';
import { ZkDatabase } from '../../../server/storage/zk-database.ts';
import { ErrorCode } from '../../../server/wire/error-codes.ts';
import { OpCode } from '../../../server/wire/opcodes.ts';
import { counterOf } from '../../../server/wire/zxid.ts';
import { put } from './put.ts';

export const HISTORY_PLANTS = {
  /** A learner reports that it has truncated its log, but has not. */
  'TRUNC does nothing': () => put(ZkDatabase.prototype, 'truncate', () => true),

  /** A learner cuts one transaction more than it was told to (ZOOKEEPER-1156). */
  'TRUNC cuts one too many': () => {
    const { truncate } = ZkDatabase.prototype;
    return put(ZkDatabase.prototype, 'truncate', (database, zxid) =>
      truncate.call(database, counterOf(zxid) > 1 ? zxid - 1 : zxid),
    );
  },

  /** What is in the log and not in the tree when a role ends stays so (ZOOKEEPER-2845). */
  'memory is not brought level with the log': () => {
    const { fastForwarding } = ZkDatabase.prototype;
    return put(ZkDatabase.prototype, 'fastForwarding', database => {
      const steps = fastForwarding.call(database);
      steps.return(0);
      return steps;
    });
  },

  /** A SNAP counts as done while it is still being written (ZOOKEEPER-3642, 3104). */
  'a SNAP is acked before it is durable': () => {
    const { write } = DatabaseSnapshots.prototype;
    return put(DatabaseSnapshots.prototype, 'write', (snapshots, content, digestEnabled, done) => {
      const isReceived = content instanceof SnapshotStreamReader;
      write.call(snapshots, content, digestEnabled, error => {
        if (!isReceived || error !== undefined) done(error);
      });
      if (isReceived) done(undefined);
    });
  },

  /** What a sync brought is missing for those who sync from this member later (ZOOKEEPER-4925). */
  'the committed log lacks what a sync brought': () => {
    const { applyPacket } = ZkDatabase.prototype;
    const { add } = CommittedLog.prototype;
    return put(ZkDatabase.prototype, 'applyPacket', (database, packet) => {
      const skips = put(CommittedLog.prototype, 'add', (log, added) => {
        if (log.size === 0) add.call(log, added);
      });
      try {
        return applyPacket.call(database, packet);
      } finally {
        skips();
      }
    });
  },

  /** The end of a session that a sync brings leaves its ephemerals (ZOOKEEPER-4541). */
  'ephemerals outlive their session on one member': () =>
    put(ZkDatabase.prototype, 'applyPacket', (database, packet) => {
      const { header, body, digestAt } = parseTxnPacket(packet);
      const isEnd = body.type === OpCode.closeSession;
      return database.apply(
        packet,
        header,
        isEnd ? { type: OpCode.error, err: ErrorCode.OK } : body,
        digestAt,
      );
    }),
} as const;
