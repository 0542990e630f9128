/** Compares two runs row by row: did what both measured change? The form is that of results/comparison.ts. */
import type { Comparison, ComparisonRow, ComparisonSide } from '../../results/comparison.ts';
import type { Measurement, Result } from '../../results/schema.ts';
import { holm } from './holm.ts';
import { leastP, mannWhitney } from './mann-whitney.ts';
import { summaryOf } from './result-form.ts';
import { median } from './summary.ts';
import { unlikeInputs } from './unlike.ts';

const ALPHA = 0.05;
/**
 * Runs further apart than this measured another machine, even under the same name: neighbours, heat, updates.
 */
const APART_MS_MAX = 2 * 3_600_000;

interface Judged {
  row: ComparisonRow;
  /** Undefined when the samples cannot tell. */
  p: number | undefined;
}

/** Compares the rows that both runs have. Warnings name rows that only one has. */
export function compareRuns(a: Result, b: Result): Comparison {
  const others = new Map(b.measurements.map(item => [keyOf(item), item]));
  const judged = a.measurements.flatMap(item => {
    const other = others.get(keyOf(item));
    return other === undefined ? [] : [judge(item, other)];
  });
  const rows = corrected(judged);
  return {
    schemaVersion: 1,
    a: { id: a.run.id, label: labelOf(a) },
    b: { id: b.run.id, label: labelOf(b) },
    unlike: unlikeInputs(a, b),
    voidReasons: [a, b].flatMap(voidReasonsOf),
    rows,
    warnings: [...outOfReach(rows), ...differences(a, b), ...unmatched(a, b), ...unmatched(b, a)],
  };
}

function keyOf({ metric, topology, condition }: Measurement): string {
  return `${metric}, ${topology}, ${condition}`;
}

function labelOf({ run, environment }: Result): string {
  return `${run.suite}, ${environment.git.commit.slice(0, 9)}${environment.git.dirty ? ' and changes' : ''}`;
}

function judge(a: Measurement, b: Measurement): Judged {
  const [valuesA, valuesB] = [a, b].map(item => item.samples.map(({ value }) => value)) as [
    number[],
    number[],
  ];
  const test = mannWhitney(valuesB, valuesA);
  const tooFew = test.warnings.some(warning => warning === 'EMPTY' || warning === 'CANNOT_REACH');
  const { metric, topology, condition, unit, higherIsBetter } = a;
  const row: ComparisonRow = {
    metric,
    topology,
    condition,
    unit,
    higherIsBetter,
    a: sideOf(valuesA),
    b: sideOf(valuesB),
    ratio: ratioOf(valuesA, valuesB),
    pValue: tooFew ? null : test.p,
    pHolm: null,
    verdict: 'too few',
  };
  return { row, p: tooFew ? undefined : test.p };
}

function sideOf(values: readonly number[]): ComparisonSide {
  const { warnings: _, ...side } = summaryOf(median(values), []);
  return side;
}

/**
 * b over a: the quotient of the two medians beside it. The rounds of two runs are not pairs, so the interval
 * is that of the Hodges-Lehmann shift of the logarithms, which goes with the U test, widened where needed to
 * contain the quotient.
 */
function ratioOf(a: readonly number[], b: readonly number[]): ComparisonRow['ratio'] {
  if (a.length === 0 || b.length === 0 || [...a, ...b].some(value => value <= 0)) return null;
  const { shift } = mannWhitney(b.map(Math.log), a.map(Math.log));
  const value = median(b).value / median(a).value;
  const bound = (at: number, outer: (...bounds: number[]) => number) =>
    Number.isFinite(at) ? outer(value, Math.exp(at)) : null;
  return { value, low: bound(shift.low, Math.min), high: bound(shift.high, Math.max) };
}

function corrected(judged: readonly Judged[]): ComparisonRow[] {
  const tested = judged.filter(({ p }) => p !== undefined);
  const adjusted = holm(tested.map(({ p }) => p!));
  const best = holm(tested.map(({ row }) => leastP(row.a.n, row.b.n)));
  return judged.map(one => {
    const at = tested.indexOf(one);
    const pHolm = at < 0 ? null : adjusted[at]!;
    const canReach = at >= 0 && best[at]! < ALPHA;
    return { ...one.row, pHolm, verdict: canReach ? verdictOf(one.row, pHolm) : 'too few' };
  });
}

/**
 * With five rounds each, a row may differ in every value and still not reach significance among fifty rows.
 * That is no finding of "no difference".
 */
function outOfReach(rows: readonly ComparisonRow[]): string[] {
  const tested = rows.filter(({ pHolm }) => pHolm !== null).length;
  const short = rows.filter(({ pHolm, verdict }) => pHolm !== null && verdict === 'too few').length;
  if (short === 0) return [];
  let rounds = 1;
  while (leastP(rounds, rounds) * tested >= ALPHA) rounds += 1;
  return [
    `${short} of ${rows.length} rows have too few rounds for any difference to stand after Holm's correction over ` +
      `${tested} rows; ${rounds} rounds in each run are enough (zklab claims --suite full has 12)`,
  ];
}

function verdictOf(
  { a, b, ratio, higherIsBetter }: ComparisonRow,
  pHolm: number | null,
): ComparisonRow['verdict'] {
  if (pHolm === null || a.median === null || b.median === null) return 'too few';
  if (pHolm >= ALPHA) return 'no difference shown';
  const higher = ratio === null ? b.median > a.median : ratio.value > 1;
  return higher === higherIsBetter ? 'better' : 'worse';
}

function differences(a: Result, b: Result): string[] {
  const found: string[] = [];
  if (a.run.id === b.run.id) found.push(`both are one run, ${a.run.id}: nothing can differ`);
  const apartMs = Math.abs(Date.parse(a.run.startedAt) - Date.parse(b.run.startedAt));
  if (apartMs > APART_MS_MAX) {
    found.push(
      `the runs began ${describeHours(apartMs)} apart: what the machine did in between is in the difference too; ` +
        'only rounds that alternate within one run are free of that',
    );
  }
  const machine = ({ environment: { machine, cpu, cores, kernel, node } }: Result) => ({
    machine,
    cpu,
    cores,
    kernel,
    node,
  });
  const [first, second] = [machine(a), machine(b)];
  for (const key of ['machine', 'cpu', 'cores', 'kernel', 'node'] as const)
    if (first[key] !== second[key]) found.push(`${key} differs: ${first[key]} and ${second[key]}`);
  if (a.run.suite !== b.run.suite) found.push(`the suites differ: ${a.run.suite} and ${b.run.suite}`);
  for (const { run, inputs } of [a, b])
    if (inputs === undefined)
      found.push(`${run.id} did not store its inputs, so nobody can tell whether the loads are the same`);
  return found;
}

function voidReasonsOf({ run, validity }: Result): string[] {
  const { reasons, interrupted, unmeasured = [] } = validity;
  return [
    ...(validity.void ? [`${run.id} is void: ${reasons.join('; ') || 'no reason given'}`] : []),
    ...(interrupted === undefined ? [] : [`${run.id} was interrupted ${interrupted}`]),
    ...unmeasured.map(each => `${run.id} was asked for something that it did not measure: ${each}`),
  ];
}

function describeHours(ms: number): string {
  const hours = ms / 3_600_000;
  return hours < 48 ? `${Math.round(hours)} hours` : `${Math.round(hours / 24)} days`;
}

function unmatched(from: Result, to: Result): string[] {
  const there = new Set(to.measurements.map(keyOf));
  const only = from.measurements.map(keyOf).filter(key => !there.has(key));
  return only.length === 0 ? [] : [`only in ${from.run.id}: ${only.join('; ')}`];
}
