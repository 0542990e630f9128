/** Puts a comparison together. The form is that of results/comparison.ts. */
import type { Comparison } from '../../results/comparison.ts';
import { ROW_VERDICTS } from '../../results/comparison.ts';
import { LEVEL } from '../claims/claim.ts';
import { type CellComparison, rowOf } from './cell-comparison.ts';
import { matchCells } from './cells.ts';
import { conditionsOf, withheldBy } from './conditions.ts';
import { compareCounts } from './exact-counts.ts';
import { familiesOf } from './families.ts';
import { type Side, sideRow } from './side.ts';
import { verdictChanges } from './verdict-changes.ts';

/**
 * Runs further apart than this measured another machine, even under the same name: neighbours, heat, updates.
 */
const APART_MS_MAX = 2 * 3_600_000;

export interface ComparedSides {
  readonly comparison: Comparison;
  /** What a gate judges by its own margins. Empty if times are withheld. */
  readonly cells: readonly CellComparison[];
}

/** @param anyway compares what the conditions forbid */
export function compareSides(a: Side, b: Side, anyway = false): ComparedSides {
  const conditions = conditionsOf(a, b);
  const forbidden = withheldBy(conditions);
  const withheld = anyway ? 'nothing' : forbidden;
  const { cells, onlyInA, onlyInB } = matchCells(a, b);
  const timed = withheld === 'nothing' ? cells : [];
  const rows = timed.map(cell => rowOf(cell, LEVEL));
  const comparison: Comparison = {
    a: sideRow(a),
    b: sideRow(b),
    conditions,
    withheld,
    anyway: anyway && forbidden !== 'nothing',
    voidReasons: [...new Set([...a.voidReasons, ...b.voidReasons])],
    warnings: [
      ...(timed.length === 0 ? [] : whatIntervalsLack(a, b)),
      ...(withheld === 'all' ? [] : [...onlyText('a', onlyInA), ...onlyText('b', onlyInB)]),
    ],
    claims: withheld === 'all' ? [] : verdictChanges(a, b),
    counts: withheld === 'all' ? [] : compareCounts(a, b),
    families: familiesOf(timed),
    rows: ROW_VERDICTS.flatMap(verdict => rows.filter(row => row.verdict === verdict)),
  };
  return { comparison, cells: timed };
}

/** Only two pooled sides include how much nights differ. */
function whatIntervalsLack(a: Side, b: Side): string[] {
  if (a.runs.length === 1 && b.runs.length === 1) {
    const [first, second] = [a.runs[0]!, b.runs[0]!];
    if (first.run.id === second.run.id) return [`both are one run, ${first.run.id}: nothing can differ`];
    const apartMs = Math.abs(Date.parse(first.run.startedAt) - Date.parse(second.run.startedAt));
    const apart = apartMs > APART_MS_MAX ? `The runs began ${durationText(apartMs)} apart. ` : '';
    return [
      `${apart}Rounds of two runs are no pairs: what the machine did in between is in every change below, and not in its interval. ` +
        'Several runs on each side (--pool), or "zklab bench ab" within one run, are free of that',
    ];
  }
  const single = a.runs.length === 1 ? 'a' : b.runs.length === 1 ? 'b' : undefined;
  return single === undefined
    ? []
    : [
        `${single} is a single run, which is judged by how much the runs of the other side differ from each other`,
      ];
}

function durationText(ms: number): string {
  const hours = ms / 3_600_000;
  return hours < 48 ? `${Math.round(hours)} hours` : `${Math.round(hours / 24)} days`;
}

function onlyText(side: string, cells: readonly string[]): string[] {
  return cells.length === 0 ? [] : [`only in ${side}: ${cells.join('; ')}`];
}
