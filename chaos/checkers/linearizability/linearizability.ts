import type { Checker } from '../checker.ts';
import { type ApacheLeaders, notesOnEarlySyncs } from '../early-syncs.ts';
import type { HistoryEvent } from '../history.ts';
import { type Judgement, judge } from '../judgement.ts';
import { drawn, illegalPart, textOf } from './counterexample.ts';
import { search } from './search.ts';
import { type ZnodeInterval, znodeHistories } from './znode-history.ts';
import { ABSENT, znodeModelOf } from './znode-model.ts';

export const linearizability: Checker<'history', 'apacheLeaders'> = {
  name: 'linearizability',
  description: 'writes of a znode, and reads behind a sync or a write, that no single order explains',
  needs: ['history'],
  check: ({ history, apacheLeaders }) => checkLinearizability(history, { apacheLeaders }),
};

interface LinearizabilityOptions {
  readonly configurationsMax?: number;
  readonly apacheLeaders?: ApacheLeaders | undefined;
}

/** Configurations of one znode; 64 MiB at most, freed before the next one. */
const CONFIGURATIONS_MAX = 200_000;

/**
 * Checks that the writes of each znode, and the reads that are bound to real time, are linearizable: some
 * order of them explains every answer and contradicts no real time. It trusts no zxid, so it does not
 * depend on what the other checkers take for granted. A multi is judged by each of its znodes apart.
 *
 * A search that reaches its limit leaves the judgement unknown, unless another znode is illegal. The first
 * illegal znode is drawn.
 */
export function checkLinearizability(
  history: readonly HistoryEvent[],
  { configurationsMax = CONFIGURATIONS_MAX, apacheLeaders = {} }: LinearizabilityOptions = {},
): Judgement {
  const reasons: string[] = [];
  const undecided: string[] = [];
  let first: { readonly path: string; readonly intervals: readonly ZnodeInterval[] } | undefined;
  let checked = 0;
  for (const [path, intervals] of znodeHistories(history, apacheLeaders)) {
    const verdict = search(znodeModelOf(intervals), ABSENT, intervals, { configurationsMax });
    if (verdict === 'undecided') {
      undecided.push(
        `${path}: ${configurationsMax} configurations of ${intervals.length} operations were not enough`,
      );
      continue;
    }
    checked += intervals.length;
    if (verdict === 'linearizable') continue;
    first ??= { path, intervals };
    const { culprit } = illegalPart(intervals);
    reasons.push(
      `${path}: operation ${culprit.operation.invoke.operation} (${textOf(culprit)}) has no place in any order of the operations before it`,
    );
  }
  const notes = notesOnEarlySyncs(history, apacheLeaders);
  const told = notes.length > 0 && { notes };
  const judgement = { ...judge(linearizability.name, checked, reasons), ...told };
  if (first !== undefined)
    return { ...judgement, counterexample: drawn(first.path, illegalPart(first.intervals)) };
  if (undecided.length === 0) return judgement;
  return { ...judge(linearizability.name, checked, undecided), ...told, valid: 'unknown' };
}
