/** Compares what the servers counted. Nothing is drawn by chance, so one round of each side is enough. */
import { COUNT_VERDICTS, type ComparedCount } from '../../results/comparison.ts';
import { EXACT_COUNTS, isFreeCount, TOTALS } from '../../results/names.ts';
import type { Measurement } from '../../results/schema.ts';
import { COUNT_TOLERANCE } from '../claims/judging/protocol-counts.ts';
import { middleOf } from '../stats/summary.ts';
import { measurementsOf } from './cells.ts';
import type { Side } from './side.ts';

/** What a session that opens or closes during a load may add to a count per operation. */
export const STRAY_COUNT_MAX = 0.01;

/** Of the cells that both sides measured; findings first. */
export function compareCounts(a: Side, b: Side): ComparedCount[] {
  const others = measurementsOf(b);
  const found = [...measurementsOf(a)].flatMap(([key, measured]) => {
    const other = others.get(key);
    return other === undefined ? [] : countsOfCell(measured, other);
  });
  return COUNT_VERDICTS.flatMap(verdict => found.filter(row => row.verdict === verdict));
}

function countsOfCell(a: readonly Measurement[], b: readonly Measurement[]): ComparedCount[] {
  const { topology, condition } = a[0]!;
  return namesOf([...a, ...b]).map((name): ComparedCount => {
    const [valueA = null, valueB = null] = [countOf(a, name), countOf(b, name)];
    return {
      ...{ name, topology, condition, a: valueA, b: valueB },
      ratio: valueA === null || valueB === null || valueA === 0 ? null : valueB / valueA,
      verdict: verdictOf(name, valueA, valueB),
    };
  });
}

/** In the order of reports, then others as they come. */
function namesOf(measurements: readonly Measurement[]): string[] {
  const found = new Set(measurements.flatMap(({ exactCounts = {} }) => Object.keys(exactCounts)));
  const known = Object.keys(EXACT_COUNTS).filter(name => found.has(name));
  return [...known, ...[...found].filter(name => !known.includes(name))];
}

/** The median of several runs; of totals the greatest, because one of them is enough. */
function countOf(measurements: readonly Measurement[], name: string): number | undefined {
  const values = measurements.flatMap(({ exactCounts }) => exactCounts?.[name] ?? []).sort((x, y) => x - y);
  if (values.length === 0) return undefined;
  return TOTALS.includes(name) ? values.at(-1) : middleOf(values);
}

function verdictOf(name: string, a: number | null, b: number | null): ComparedCount['verdict'] {
  if (isFreeCount(name)) return 'free';
  if (a === null) return 'only in b';
  if (b === null) return 'only in a';
  // A sum over all rounds grows with their number: only whether there was one at all can be compared.
  if (TOTALS.includes(name)) return a === 0 && b > 0 ? 'grew' : a > 0 && b === 0 ? 'shrank' : 'same';
  if (Math.abs(b - a) <= Math.max(a * COUNT_TOLERANCE, STRAY_COUNT_MAX)) return 'same';
  return b > a ? 'grew' : 'shrank';
}
