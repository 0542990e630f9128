/** The registry of checkers, in the order in which their judgements are read. */
import { acknowledgedWrites } from './acknowledged-writes.ts';
import { availability } from './availability.ts';
import { bank } from './bank.ts';
import type { Checker } from './checker.ts';
import { configurations } from './configurations.ts';
import { ephemerals } from './ephemerals.ts';
import type { Judgement } from './judgement.ts';
import { leaders } from './leaders.ts';
import { leaks } from './leaks.ts';
import { linearizability } from './linearizability/linearizability.ts';
import { lists } from './lists.ts';
import { liveness } from './liveness.ts';
import { localSessions } from './local-sessions.ts';
import { membersStayUp } from './members-stay-up.ts';
import { modelAgreement } from './model-agreement.ts';
import { mutualExclusion } from './mutual-exclusion.ts';
import { readOnlyObservers } from './read-only-observers.ts';
import { readOnlyWrites } from './read-only-writes.ts';
import { readsByZxid } from './reads-by-zxid.ts';
import { realClients } from './real-clients.ts';
import { replicaAgreement } from './replica-agreement.ts';
import type { Part, RunRecord } from './run-record.ts';
import { sequenceNumbers } from './sequence-numbers.ts';
import { sessionOrder } from './session-order.ts';
import { sessionTimeouts } from './session-timeouts.ts';
import { sessions } from './sessions.ts';
import { sets } from './sets.ts';
import { syncFreshness } from './sync-freshness.ts';
import { treeEquality } from './tree-equality.ts';
import { watches } from './watches.ts';
import { writeOrder } from './write-order.ts';

export const CHECKERS: readonly Checker[] = [
  treeEquality,
  modelAgreement,
  watches,
  sessions,
  localSessions,
  readOnlyObservers,
  readOnlyWrites,
  acknowledgedWrites,
  sessionOrder,
  writeOrder,
  linearizability,
  syncFreshness,
  readsByZxid,
  sets,
  lists,
  sequenceNumbers,
  bank,
  mutualExclusion,
  ephemerals,
  sessionTimeouts,
  realClients,
  configurations,
  leaders,
  replicaAgreement,
  liveness,
  membersStayUp,
  availability,
  leaks,
];

/**
 * Runs all checkers whose needs this record meets. One that had nothing to check is left out when it is
 * optional.
 * @param about run only the checkers that need this part: for a run that is judged while it goes on
 */
export function check(record: Partial<RunRecord>, about?: Part, checkers = CHECKERS): Judgement[] {
  return checkers
    .filter(({ needs }) => needs.every(part => record[part] !== undefined))
    .filter(({ needs }) => about === undefined || needs.includes(about))
    .flatMap(checker => {
      const judgement = checker.check(record as RunRecord);
      return checker.isOptional === true && judgement.checked === 0 ? [] : [judgement];
    });
}
