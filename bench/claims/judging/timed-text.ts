/** What a timed claim says about its verdict, in sentences. */
import { formatInterval, formatUnit } from '../../../results/number-text.ts';
import { finite } from '../../stats/result-form.ts';
import type { Claim, Margin } from '../claim.ts';
import type { FitPair, PairEstimate, PairJudgement } from './pair-judgement.ts';
import { ROUNDS_MIN } from './pair-judgement.ts';

interface Says {
  say(pair: FitPair, number: string, value: number): string;
}

/** `3 voters and 2 observers committed 1.2× the writes of 5 voters (1.12–1.28 at 98 %, 6 rounds).` */
export function findingOf({ pair, estimate, stop }: PairJudgement, unit: string, { say }: Says): string {
  if (stop !== undefined) {
    const { a, b, round } = stop;
    return capital(
      `in round ${round + 1}, ${pair.bWhat} was ${formatUnit(b, pair.b.unit)} while ${pair.aWhat} was ${formatUnit(a, pair.a.unit)}.`,
    );
  }
  const { value, n } = estimate;
  const said = say(pair, formatUnit(unit === 'ratio' ? value : Math.abs(value), unit), value);
  const rounds = `${n} ${n === 1 ? 'round' : 'rounds'}`;
  const interval = intervalText(estimate);
  return capital(`${said} (${interval === '' ? '' : `${interval}, `}${rounds}).`);
}

function intervalText({ low, high, confidence }: PairEstimate): string {
  return formatInterval({ low: finite(low), high: finite(high), confidence });
}

/** The finding, and why the verdict follows from it. */
export function reasonOf(
  finding: string,
  judged: PairJudgement,
  { id, unit }: Pick<Claim, 'id' | 'unit'>,
  suite: string,
): string {
  const { verdict, stop, roundsNeeded, margin } = judged;
  if (stop !== undefined) return `${finding} A single stop is a counter-example.`;
  const command = (rounds: number) => `zklab claims --suite ${suite} --only ${id} --rounds ${rounds}`;
  if (roundsNeeded !== undefined)
    return `${finding} A verdict needs at least ${ROUNDS_MIN} rounds that count: ${command(roundsNeeded)}.`;
  const good = marginText(margin, unit);
  if (verdict === 'holds') return `${finding} The whole interval is ${good}.`;
  if (verdict === 'fails') {
    const side = margin.low !== undefined && judged.estimate.high < margin.low ? 'below' : 'above';
    return `${finding} The claim needs a value ${good}, and the whole interval lies ${side}.`;
  }
  return `${finding} The claim needs a value ${good}, which the interval does not decide. ${reachText(judged, unit, command)}`;
}

/** `above 0.9×`, `between −0.2 ms and 0.2 ms` */
function marginText({ low, high }: Margin, unit: string): string {
  if (low !== undefined && high !== undefined)
    return `between ${formatUnit(low, unit)} and ${formatUnit(high, unit)}`;
  return low === undefined ? `below ${formatUnit(high!, unit)}` : `above ${formatUnit(low, unit)}`;
}

function reachText(
  { reach, estimate, margin }: PairJudgement,
  unit: string,
  command: (rounds: number) => string,
): string {
  const { holds, fails, rounds } = reach!;
  const could = [
    ...(holds === undefined ? [] : [`hold ${marginText(holds, unit)}`]),
    ...(fails === undefined ? [] : [`fail ${outsideText(fails, unit)}`]),
  ];
  const shown =
    could.length === 0
      ? 'With this spread no effect could have been shown.'
      : `With this spread ${estimate.n} rounds show nine times out of ten that it would ${could.join(' and ')}.`;
  const advice =
    rounds === undefined
      ? `What was seen is so close to ${nearestText(margin, unit)} that 1,000 rounds would not decide it.`
      : `About ${rounds} rounds would decide what was seen: ${command(rounds)}.`;
  return `${shown} ${advice}`;
}

function outsideText({ low, high }: Margin, unit: string): string {
  const below = low === undefined ? [] : [`below ${formatUnit(low, unit)}`];
  const above = high === undefined ? [] : [`above ${formatUnit(high, unit)}`];
  return [...below, ...above].join(' or ');
}

function nearestText({ low, high }: Margin, unit: string): string {
  return low !== undefined && high !== undefined
    ? 'the margin'
    : `the margin of ${formatUnit((low ?? high)!, unit)}`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
