/** Judges a comparison by a gate. One item for each thing that was judged, so that a report can name it. */
import type { ComparedClaim, ComparedCount, GateItem } from '../../results/comparison.ts';
import { CONDITIONS, EXACT_COUNTS, METRICS, TOTALS } from '../../results/names.ts';
import { formatInterval, formatNumber, formatUnit } from '../../results/number-text.ts';
import type { Measurement } from '../../results/schema.ts';
import { UsageError } from '../usage-error.ts';
import { type CellComparison, rowOf, withinAllowance } from './cell-comparison.ts';
import type { ComparedSides } from './compare-sides.ts';
import type { Cell } from './compared-run.ts';
import { STRAY_COUNT_MAX } from './exact-counts.ts';
import type { Gate, MetricRule } from './gate.ts';

export function applyGate(gate: Gate, { comparison, cells }: ComparedSides): GateItem[] {
  const { voidReasons, withheld, conditions } = comparison;
  const runs = voidReasons.map(
    (reason): GateItem => ({ section: 'runs', what: 'runs that count', outcome: 'void', reason }),
  );
  if (withheld === 'all') {
    const first = conditions[0]!;
    const reason = `not comparable: ${first.what} ${first.a} and ${first.b}`;
    return [...runs, { section: 'runs', what: 'comparable runs', outcome: 'void', reason }];
  }
  return [
    ...runs,
    ...claimItems(gate, comparison.claims),
    ...countItems(gate, comparison.counts),
    ...gate.metrics.flatMap(rule => metricItems(rule, cells, withheld === 'times')),
  ];
}

function claimItems({ claims: rules }: Gate, claims: readonly ComparedClaim[]): GateItem[] {
  if (rules === undefined) return [];
  const { newFailures, newlyVoid, require } = rules;
  const isJudged = newFailures !== 'allow' || newlyVoid !== 'allow';
  const changes = isJudged ? claims.map(claim => changeItem(claim, newFailures, newlyVoid)) : [];
  return [...changes, ...require.map(id => requiredItem(id, claims))];
}

function changeItem(
  { kind, id, title, b, change }: ComparedClaim,
  newFailures: 'fail' | 'allow',
  newlyVoid: 'fail' | 'void' | 'allow',
): GateItem {
  const item = { section: 'claims', what: kind === 'claim' ? `${id} ${title}` : title };
  const reason = b === null ? 'b did not judge it' : `${change}: ${b.reason || b.standing}`;
  if (change === 'newly fails' && newFailures === 'fail') return { ...item, outcome: 'failed', reason };
  if (change === 'newly void' && newlyVoid !== 'allow')
    return { ...item, outcome: newlyVoid === 'fail' ? 'failed' : 'void', reason };
  return { ...item, outcome: b?.standing === 'known failure' ? 'known' : 'passed', reason };
}

function requiredItem(id: string, claims: readonly ComparedClaim[]): GateItem {
  const item = { section: 'claims', what: `${id} must hold` };
  const verdict = claims.find(claim => claim.kind === 'claim' && claim.id === id)?.b;
  if (verdict === undefined || verdict === null)
    return { ...item, outcome: 'void', reason: `b did not judge ${id}` };
  const { standing, reason } = verdict;
  const said = `${standing}: ${reason}`;
  if (standing === 'holds') return { ...item, outcome: 'passed', reason: said };
  const isDecided = standing === 'fails' || standing === 'known failure';
  return { ...item, outcome: isDecided ? 'failed' : 'void', reason: said };
}

function countItems({ counts: rule }: Gate, counts: readonly ComparedCount[]): GateItem[] {
  if (rule === undefined) return [];
  const judged = counts.filter(
    ({ name, verdict }) => verdict !== 'free' && verdict !== 'only in b' && !rule.except.includes(name),
  );
  if (judged.length === 0)
    return [
      {
        section: 'counts',
        what: 'exact counts',
        outcome: 'undecided',
        reason: 'the sides have none in common',
      },
    ];
  return judged.map(({ name, topology, condition, a, b, verdict }): GateItem => {
    const item = { section: 'counts', what: `${name}, ${topology}, ${condition}` };
    if (a === null || b === null) return { ...item, outcome: 'void', reason: 'b did not count it' };
    const isMore = b > a * (1 + rule.growthPercentMax / 100) && b - a > STRAY_COUNT_MAX;
    const grew = a === 0 || TOTALS.includes(name) ? verdict === 'grew' : isMore;
    return {
      ...item,
      outcome: grew ? 'failed' : 'passed',
      reason: `${formatNumber(a)} and ${formatNumber(b)}; at most ${rule.growthPercentMax} % more is accepted`,
    };
  });
}

function metricItems(
  rule: MetricRule & { readonly at: string },
  cells: readonly CellComparison[],
  isWithheld: boolean,
): GateItem[] {
  const { metric, topology, condition, at } = rule;
  const what = [metric, topology, condition].filter(part => part !== undefined).join(', ');
  const item = { section: 'metrics', at };
  if (isWithheld)
    return [{ ...item, what, outcome: 'void', reason: 'times of these runs are not comparable' }];
  const matching = cells.filter(({ cell }) => matches(rule, cell));
  if (matching.length === 0)
    return [
      { ...item, what, outcome: openOutcome(rule), reason: 'the two sides have no such cell in common' },
    ];
  return matching.map(comparison => ({
    ...item,
    what: cellText(comparison.cell),
    ...judgeCell(rule, comparison, matching.length),
  }));
}

function judgeCell(
  rule: MetricRule,
  comparison: CellComparison,
  alternatives: number,
): Pick<GateItem, 'outcome' | 'reason'> {
  const { worsePercentMax } = rule;
  if (comparison.unfit === 'void') return { outcome: 'void', reason: 'most rounds of a side are void' };
  // A rule may accept noise, but it does not accept that nothing was measured.
  if (comparison.unfit !== undefined) return { outcome: 'void', reason: 'too few rounds to decide' };
  const { verdict, tail } = withinAllowance(comparison, worsePercentMax, alternatives);
  const { change, unit } = rowOf(comparison, tail);
  const { low, high } = change!;
  const limit = `at most ${worsePercentMax} ${comparison.unit === '%' ? 'points' : '%'} worse is accepted`;
  const reason = `${formatUnit(change!.value, change!.scale === 'ratio' ? 'ratio' : unit)} (${formatInterval({ low, high })}); ${limit}`;
  return { outcome: OUTCOMES[verdict] ?? openOutcome(rule), reason };
}

const OUTCOMES = { holds: 'passed', fails: 'failed', 'not shown here': undefined } as const;

function openOutcome({ undecided }: MetricRule): GateItem['outcome'] {
  return undecided === 'pass' ? 'undecided' : undecided === 'fail' ? 'failed' : 'void';
}

function matches(rule: MetricRule, cell: Cell): boolean {
  return (
    rule.metric === cell.metric &&
    (rule.topology ?? cell.topology) === cell.topology &&
    (rule.condition ?? cell.condition) === cell.condition
  );
}

function cellText({ metric, topology, condition }: Cell): string {
  return `${metric}, ${topology}, ${condition}`;
}

/** The names of the cells of a run. */
type MeasuredCell = Cell & Pick<Measurement, 'exactCounts'>;

/**
 * Refuses a rule about something that no run has and nobody knows, which is a misspelt name.
 * @param measured every cell of every run @throws UsageError with file, line, key and what is accepted
 */
export function refuseUnknownNames({ counts, metrics }: Gate, measured: readonly MeasuredCell[]): void {
  const known: Readonly<Record<keyof Cell, readonly string[]>> = {
    metric: METRICS.map(({ name }) => name),
    topology: [],
    condition: Object.values(CONDITIONS),
  };
  for (const rule of metrics)
    for (const key of ['metric', 'topology', 'condition'] as const) {
      const value = rule[key];
      const there = [...new Set(measured.map(cell => cell[key]))].sort();
      if (value === undefined || there.includes(value) || known[key].includes(value)) continue;
      throw new UsageError(
        `${rule.at}: ${key}: no run has "${value}"; accepted are ${there.join('; ') || 'none, because nothing was measured'}`,
      );
    }
  if (counts !== undefined) refuseUnknownCounts(counts, measured);
}

/** A count that is spelt wrong would be judged, although the file says that it may grow. */
function refuseUnknownCounts(
  { except, exceptAt }: NonNullable<Gate['counts']>,
  measured: readonly MeasuredCell[],
): void {
  const there = measured.flatMap(({ exactCounts = {} }) => Object.keys(exactCounts));
  const known = [...new Set([...Object.keys(EXACT_COUNTS), ...there])].sort();
  for (const [index, name] of except.entries())
    if (!known.includes(name))
      throw new UsageError(`${exceptAt[index]}: ${JSON.stringify(name)}; accepted are ${known.join(', ')}`);
}
