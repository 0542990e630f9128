import type { MasterHistory } from '../../zab/master-side.ts';
import type { MasterContext } from '../../zab/peer-context.ts';

/** What a master can bring its learners from memory, as the choice of a sync needs it. */
export function masterHistory({ database, config }: MasterContext): MasterHistory {
  const { lastProcessedZxid, minCommittedZxid, maxCommittedZxid, committedLog } = database;
  const zxids = Array.from({ length: committedLog.size }, (_, i) => committedLog.at(i).zxid);
  return {
    lastProcessedZxid,
    committed: { min: minCommittedZxid, max: maxCommittedZxid, zxids },
    forceSnapshot: config.forceSnapshotSync,
  };
}
