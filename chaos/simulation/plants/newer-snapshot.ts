import type { RunningServer } from '../../../server/server.ts';
import { forgetAfter } from '../../../server/storage/txn-log/forget.ts';
import type { MemberContext } from '../members/member.ts';

/**
 * A mistake for `serverProgram`, since it needs the disk of each member: a member writes a snapshot of all
 * that it finds in its log at the start, committed or not, and a TRUNC cuts the log alone. What was to be
 * cut comes back from the snapshot (ZOOKEEPER-4837).
 */
export function truncFromNewerSnapshot(
  { database }: RunningServer,
  { runtime, logger, onFatal }: MemberContext,
): void {
  database.takeSnapshot(error => {
    if (error !== undefined) onFatal(error);
  });
  database.truncate = zxid => {
    database.close();
    forgetAfter(runtime.disk, database.logDirectory, zxid, logger);
    database.load();
    return true;
  };
}
