/** Judges the record of a run on real servers, when it ends and again later. */
import type { Result } from '../../../results/schema.ts';
import { check } from '../../checkers/index.ts';
import { type Judgement, judge, worst } from '../../checkers/judgement.ts';
import type { RunRecord } from '../../checkers/run-record.ts';
import { treeEquality } from '../../checkers/tree-equality.ts';

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
      | 'memberEvents'
      | 'aftermath'
      | 'deaths'
      | 'roles'
      | 'apacheLeaders'
      | 'resources'
      | 'applications'
    >
  >;

export interface AboutRecord {
  /** Checkers that must have something to check. */
  readonly judgedBy: readonly string[];
  /** Violations of the protocol that clients saw themselves. */
  readonly violations: readonly string[];
  /** Why the members could not be read in the end. */
  readonly unread?: string;
  /** Whether another chapter followed. The end of the run is judged with the last chapter. */
  readonly isFollowed?: true;
}

/** Violations of the protocol have no checker. */
const PROTOCOL = 'protocol';

/**
 * What the workload is there to show must have been seen: an "unknown" that compared nothing is reported for
 * its own checkers and dropped for others.
 */
export function judgeRecord(
  record: KeptRecord,
  { judgedBy, violations, unread, isFollowed }: AboutRecord,
): Judgement[] {
  const mustSpeak = unread === undefined && !isFollowed ? [treeEquality.name, ...judgedBy] : judgedBy;
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

const NOTES_MAX = 24;

/** As a result has it. What was measured is among its measurements. */
export function resultRow({
  measured: _,
  reasons,
  ...judgement
}: Judgement): NonNullable<Result['judgements']>[number] {
  return { ...judgement, reasons: [...reasons] };
}

/** One judgement of each checker over all chapters. What one chapter had nothing for, another may have. */
export function acrossChapters(chapters: readonly (readonly Judgement[])[]): Judgement[] {
  const [only = []] = chapters;
  if (chapters.length <= 1) return [...only];
  const names = [...new Set(chapters.flatMap(each => each.map(({ checker }) => checker)))];
  return names.map(name => {
    const own = chapters.flatMap((judgements, at) =>
      judgements.filter(({ checker }) => checker === name).map(judgement => ({ judgement, at })),
    );
    const checked = own.reduce((sum, { judgement }) => sum + judgement.checked, 0);
    const doubts = own.filter(
      ({ judgement }) =>
        judgement.valid !== 'valid' && (judgement.checked > 0 || judgement.valid === 'invalid'),
    );
    const said = (of: (judgement: Judgement) => readonly string[], all: typeof own) =>
      all.flatMap(({ judgement, at }) => of(judgement).map(text => `chapter ${at + 1}: ${text}`));
    const measured = own.flatMap(({ judgement }) => judgement.measured ?? []);
    if (doubts.length === 0) {
      const notes = said(({ notes = [] }) => notes, own).slice(0, NOTES_MAX);
      return {
        ...judge(name, checked, []),
        ...(notes.length > 0 && { notes }),
        ...(measured.length > 0 && { measured }),
      };
    }
    const valid = worst(doubts.map(({ judgement }) => judgement));
    const wrong = doubts.filter(({ judgement }) => judgement.valid === valid);
    const drawn = wrong.find(({ judgement }) => judgement.counterexample !== undefined);
    return {
      ...judge(
        name,
        checked,
        said(({ reasons }) => reasons, wrong),
      ),
      valid,
      ...(measured.length > 0 && { measured }),
      ...(drawn && { counterexample: drawn.judgement.counterexample }),
    };
  });
}
