/** Judges the record of a run on real servers, when it ends and again later. */
import { check } from '../checkers/index.ts';
import { type Judgement, judge } from '../checkers/judgement.ts';
import type { RunRecord } from '../checkers/run-record.ts';
import { treeEquality } from '../checkers/tree-equality.ts';

/** The parts of a record that such a run can have. */
export type KeptRecord = Pick<RunRecord, 'history'> &
  Partial<
    Pick<
      RunRecord,
      | 'sessionRecords'
      | 'transactions'
      | 'sessionTimeouts'
      | 'finalTrees'
      | 'memberTrees'
      | 'aftermath'
      | 'deaths'
      | 'roles'
      | 'resources'
    >
  >;

export interface AboutRecord {
  /** Checkers that must have something to check. */
  readonly judgedBy: readonly string[];
  /** Violations of the protocol that clients saw themselves. */
  readonly violations: readonly string[];
  /** Why the members could not be read in the end. */
  readonly unread?: string;
}

/** Violations of the protocol have no checker. */
const PROTOCOL = 'protocol';

/**
 * What the workload is there to show must have been seen: an "unknown" that compared nothing is reported for
 * its own checkers and dropped for others.
 */
export function judgeRecord(record: KeptRecord, { judgedBy, violations, unread }: AboutRecord): Judgement[] {
  const mustSpeak = unread === undefined ? [treeEquality.name, ...judgedBy] : judgedBy;
  const judgements = check(record).filter(
    ({ checker, checked }) => checked > 0 || mustSpeak.includes(checker),
  );
  const silent = mustSpeak.filter(name => judgements.every(({ checker }) => checker !== name));
  return [
    judge(PROTOCOL, record.history.length, violations),
    ...(unread === undefined ? [] : [judge(treeEquality.name, 0, [unread])]),
    ...judgements,
    ...silent.map(name => judge(name, 0, [])),
  ];
}
