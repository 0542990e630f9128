/**
 * The common form of claims that compare timed series pair by pair, in all topologies that have such a pair.
 * It holds when every pair holds, and fails when one fails.
 */
import type { Verdict } from '../../../results/schema.ts';
import { finite } from '../../stats/result-form.ts';
import { type Claim, type Judgement, LEVEL, type TimedRule } from '../claim.ts';
import { type Evidence, leftOut, paired, type Unfit, unfit } from './evidence.ts';
import { type FitPair, judgePair, type Pair, type PairJudgement, ROUNDS_MIN } from './pair-judgement.ts';
import type { ExactPart } from './protocol-counts.ts';
import { findingOf, reasonOf } from './timed-text.ts';

export interface TimedComparison {
  /** Empty when this run has no topology for the claim. */
  pairs(evidence: Evidence): readonly Pair[];
  /** What a run without a pair lacks, as in "This run has no ...". */
  readonly lacking?: string | ((evidence: Evidence) => string);
  /** The finding with its number and control: "3 voters and 2 observers committed 1.2× the writes of ...". */
  say(pair: FitPair, number: string, value: number): string;
  /** The exact channel: if the counts contradict the claim, it fails whatever the times show. */
  exact?(evidence: Evidence): ExactPart;
  warnings?(evidence: Evidence): readonly string[];
}

/** A claim with its comparison, for the test of what suites can decide. */
export interface TimedClaim extends Claim {
  readonly rule: TimedRule;
  readonly comparison: TimedComparison;
}

type ClaimText = Omit<Claim, 'judge' | 'rule'> & { readonly rule: TimedRule };

export function timedClaim(text: ClaimText, comparison: TimedComparison): TimedClaim {
  const claim = { ...text, comparison, judge: (evidence: Evidence) => judge(text, comparison, evidence) };
  return claim;
}

function judge(text: ClaimText, comparison: TimedComparison, evidence: Evidence): Judgement {
  const { fit, missing } = sorted(comparison.pairs(evidence));
  const { counts, contradiction } = comparison.exact?.(evidence) ?? { counts: [] };
  const level = text.rule.level ?? LEVEL;
  const judged = fit
    .map(pair => judgePair(pair, text.rule, level, fit.length))
    .sort((x, y) => x.slack - y.slack);
  const shown = worstOf(judged);
  const warnings = [
    ...(comparison.warnings?.(evidence) ?? []),
    ...leftOut(...new Set(fit.flatMap(({ a, b }) => [a, b]))),
  ];
  const measured = [...new Set(fit.flatMap(({ a, b }) => [a.id, b.id]))];
  if (shown === undefined || (missing !== undefined && shown.verdict !== 'fails' && !contradiction)) {
    const why = missing ?? absent(comparison, evidence);
    if (contradiction === undefined) return { ...why, exact: counts };
    return {
      verdict: 'fails',
      isCounted: true,
      reason: `The exact counts say: ${contradiction}.`,
      evidence: why.evidence,
      exact: counts,
    };
  }
  const finding = findingOf(shown, text.unit, comparison);
  const verdict: Verdict = contradiction === undefined ? shown.verdict : 'fails';
  return {
    verdict,
    ...(contradiction !== undefined && { isCounted: true }),
    finding,
    reason:
      contradiction === undefined || shown.verdict === 'fails'
        ? reasonOf(finding, shown, text, evidence.result.suite)
        : `${finding} The exact counts say: ${contradiction}.`,
    ...estimateOf(shown, text.unit),
    rule: ruleOf(shown, level),
    evidence: measured,
    exact: counts,
    warnings,
  };
}

/** The pair that decides: the one that fails most clearly, otherwise the one that is least clear. */
function worstOf(judged: readonly PairJudgement[]): PairJudgement | undefined {
  for (const verdict of ['fails', 'not shown here', 'holds'] as const) {
    const found = judged.find(each => each.verdict === verdict);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The pairs that can be judged, and why one that is required cannot. */
function sorted(pairs: readonly Pair[]): { fit: FitPair[]; missing: Unfit | undefined } {
  const fit: FitPair[] = [];
  let missing: Unfit | undefined;
  for (const pair of pairs) {
    const cannot = unfitPair(pair);
    if (cannot === undefined) {
      if (!pair.optional || paired(pair.a!, pair.b!).length >= ROUNDS_MIN) fit.push(pair as FitPair);
    } else if (!pair.optional && missing?.verdict !== 'void') missing = cannot;
  }
  return { fit, missing };
}

function unfitPair({ a, aWhat, b, bWhat }: Pair): Unfit | undefined {
  const cannot = unfit([
    [aWhat, a],
    [bWhat, b],
  ]);
  if (cannot !== undefined || paired(a!, b!).length > 0) return cannot;
  return {
    verdict: 'void',
    reason: `There is no round in which both ${aWhat} and ${bWhat} count.`,
    evidence: [a!.id, b!.id],
  };
}

function absent({ lacking = 'topologies that could show it' }: TimedComparison, evidence: Evidence): Unfit {
  const what = typeof lacking === 'string' ? lacking : lacking(evidence);
  return { verdict: 'not shown here', reason: `This run has no ${what}.`, evidence: [] };
}

/** Undefined when there is no number to publish, as for a ratio to zero. */
function estimateOf({ estimate }: PairJudgement, unit: string): Pick<Judgement, 'estimate'> {
  const { value, low, high, n, confidence } = estimate;
  if (!Number.isFinite(value)) return {};
  return { estimate: { value, low: finite(low), high: finite(high), n, confidence, unit } };
}

function ruleOf({ margin, reach }: PairJudgement, level: number): NonNullable<Judgement['rule']> {
  const ends = ({ low, high }: PairJudgement['margin']) => ({ low: low ?? null, high: high ?? null });
  return {
    level,
    margin: ends(margin),
    ...(reach && {
      detectable: {
        holds: reach.holds === undefined ? null : ends(reach.holds),
        fails: reach.fails === undefined ? null : ends(reach.fails),
        rounds: reach.rounds ?? null,
      },
    }),
  };
}
