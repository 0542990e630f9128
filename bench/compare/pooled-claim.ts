/** The verdict of a claim over several runs: its own rule, with the run as the sample. */
import type { ComparedVerdict } from '../../results/comparison.ts';
import { formatInterval, formatUnit } from '../../results/number-text.ts';
import type { Claim } from '../../results/schema.ts';
import { countStandings, type Standing, standingOf, WORST_FIRST } from '../../results/verdicts.ts';
import { compareWithMargin } from '../claims/judging/margin-verdict.ts';
import { meanOf } from '../stats/mean-interval.ts';
import { finite } from '../stats/result-form.ts';

/** With fewer runs that measured it, the verdict is that of the worst run. */
const RUNS_MIN = 3;

/** What was found, in one sentence; why it is void, if it is. */
export function saidBy({ verdict, finding, reason }: Claim): string {
  return verdict === 'void' ? reason : (finding ?? reason);
}

/** @param claims the same claim of several runs, not empty */
export function pooledClaim(claims: readonly Claim[]): ComparedVerdict {
  const tally = tallyOf(claims);
  const measured = claims.filter(isMeasured);
  const broken = claims.find(isCounterExample);
  if (broken !== undefined || measured.length < RUNS_MIN) {
    const worst = broken ?? worstOf(claims);
    return {
      standing: standingOf(worst),
      reason: saidBy(worst),
      ...(worst.estimate && { estimate: worst.estimate }),
      tally,
    };
  }
  const { unit } = measured[0]!;
  const isRatio = unit === 'ratio';
  const into = (value: number) => (isRatio ? Math.log(value) : value);
  const outOf = (value: number) => (isRatio ? Math.exp(value) : value);
  const { level, margin } = measured.at(-1)!.rule;
  const mean = meanOf(measured.map(({ estimate }, start) => ({ start, value: into(estimate.value) })));
  const { verdict, low, high, tail } = compareWithMargin(
    mean,
    {
      ...(margin.low !== null && { low: into(margin.low) }),
      ...(margin.high !== null && { high: into(margin.high) }),
    },
    level,
  );
  const estimate = {
    value: outOf(mean.value),
    low: finite(outOf(low)),
    high: finite(outOf(high)),
    n: measured.length,
    confidence: 1 - 2 * tail,
    unit,
  };
  const known = claims.find(claim => claim.known !== undefined)?.known;
  const standing = standingOf({ verdict, ...(known !== undefined && { known }) });
  const interval = formatInterval(estimate);
  const reason = `${formatUnit(estimate.value, unit)} over ${measured.length} runs${interval === '' ? '' : ` (${interval})`}.`;
  return { standing, reason, estimate, tally };
}

type MeasuredClaim = Claim & Required<Pick<Claim, 'estimate' | 'rule'>>;

/** A timed claim with a number. A void one has a number too, which says nothing. */
function isMeasured(claim: Claim): claim is MeasuredClaim {
  const { estimate, rule, verdict } = claim;
  if (estimate === undefined || rule === undefined || verdict === 'void') return false;
  return estimate.unit !== 'ratio' || estimate.value > 0;
}

/**
 * A counter-example that no other run outweighs: it failed by a count, or by a round that stopped, and not
 * because its interval lies outside the margin.
 */
function isCounterExample({ verdict, rule, estimate }: Claim): boolean {
  if (verdict !== 'fails') return false;
  if (rule === undefined || estimate === undefined) return true;
  const { low, high } = estimate;
  if (low === null || high === null) return true;
  const { margin } = rule;
  return !(high < (margin.low ?? -Infinity) || low > (margin.high ?? Infinity));
}

function worstOf(claims: readonly Claim[]): Claim {
  const decided = claims.filter(({ verdict }) => verdict !== 'void');
  const of = decided.length > 0 ? decided : claims;
  return WORST_FIRST.flatMap(standing => of.filter(claim => standingOf(claim) === standing))[0]!;
}

/** `holds in 5, void in 1` */
function tallyOf(claims: readonly Claim[]): string {
  const counts = countStandings(claims);
  return (Object.keys(counts) as Standing[])
    .filter(standing => counts[standing] > 0)
    .map(standing => `${standing} in ${counts[standing]}`)
    .join(', ');
}
