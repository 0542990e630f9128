/** The registry of checkers, in the order in which their judgements are read. */
import { acknowledgedWrites } from './acknowledged-writes.ts';
import type { Checker } from './checker.ts';
import type { Judgement } from './judgement.ts';
import { linearizability } from './linearizability/linearizability.ts';
import { liveness } from './liveness.ts';
import { localSessions } from './local-sessions.ts';
import { membersStayUp } from './members-stay-up.ts';
import { modelAgreement } from './model-agreement.ts';
import { readOnlyObservers } from './read-only-observers.ts';
import { readOnlyWrites } from './read-only-writes.ts';
import { replicaAgreement } from './replica-agreement.ts';
import type { Part, RunRecord } from './run-record.ts';
import { sessionOrder } from './session-order.ts';
import { sessions } from './sessions.ts';
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
  replicaAgreement,
  liveness,
  membersStayUp,
];

/**
 * Runs all checkers whose needs this record meets.
 * @param about run only the checkers that need this part: for a run that is judged while it goes on
 */
export function check(record: Partial<RunRecord>, about?: Part, checkers = CHECKERS): Judgement[] {
  return checkers
    .filter(({ needs }) => needs.every(part => record[part] !== undefined))
    .filter(({ needs }) => about === undefined || needs.includes(about))
    .map(checker => checker.check(record as RunRecord));
}
