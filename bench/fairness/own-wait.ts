/**
 * Judges how long a server itself makes a quiet client wait beside each neighbour: what the client waits
 * while server and driver have a core at hand.
 */
import { formatInterval, formatUnit } from '../../results/number-text.ts';
import type { Claim } from '../../results/schema.ts';
import { LEVEL } from '../claims/claim.ts';
import { compareWithMargin } from '../claims/judging/margin-verdict.ts';
import { ROUNDS_MIN } from '../claims/judging/pair-judgement.ts';
import { type PerSide, type Rounds, type Side, sidesOf } from '../peer/servers.ts';
import { meanOf } from '../stats/mean-interval.ts';
import { finite } from '../stats/result-form.ts';
import { ownWaitOf } from './fairness-round.ts';
import { NEIGHBOURS, type NeighbourName } from './neighbours.ts';

/** The server's promise: no input of one connection keeps another one waiting for longer. */
const OWN_WAIT_MAX_MS = 20;

/** Waits are judged by their logarithm: a few long ones must not make the interval reach below zero. */
const MARGIN = { high: Math.log(OWN_WAIT_MAX_MS) };

export interface OwnWaits {
  readonly neighbours: readonly NeighbourName[];
  readonly rounds: Rounds;
  /** Names of the servers, as in measurements. */
  readonly names: PerSide<string>;
  /** Why no process could have a core at hand here; undefined if it could. */
  readonly cannot: string | undefined;
}

/** One verdict for each server and neighbour. Only our server promises the bound. */
export function judgeOwnWaits({ neighbours, rounds, names, cannot }: OwnWaits): Claim[] {
  return neighbours.flatMap(neighbour =>
    sidesOf(rounds).map((side): Claim => {
      const name = names[side]!;
      const metric = ownWaitOf(neighbour);
      const values = valuesOf(rounds, side, metric);
      return {
        id: `${neighbour} (${name})`,
        title: `A quiet client of ${name} does not wait for its neighbour (${neighbour})`,
        source: 'zklab’s own',
        hypothesis: `Next to ${NEIGHBOURS[neighbour].title}, 99 of 100 reads of a quiet client take at most ${OWN_WAIT_MAX_MS} ms, apart from what the operating system takes`,
        metric,
        unit: 'ms',
        control: 'none: server and driver get a core before all others, so the operating system takes little',
        ...verdictOf(values, cannot),
        evidence: values.length === 0 ? [] : [`${metric} ${name}`],
        exact: [],
        ...(side !== 'first' && { known: `${name} promises no bound` }),
        warnings: [],
      };
    }),
  );
}

function valuesOf(rounds: Rounds, side: Side, metric: string) {
  return rounds[side]!.flatMap(({ readings, start }, round) => {
    const value = readings[metric];
    return value === undefined ? [] : [{ start: start ?? 0, round, value }];
  });
}

function verdictOf(
  values: readonly { readonly start: number; readonly value: number }[],
  cannot: string | undefined,
): Pick<Claim, 'verdict' | 'reason' | 'finding' | 'estimate' | 'rule'> {
  if (cannot !== undefined)
    return { verdict: 'not shown here', reason: `No process can have a core at hand here: ${cannot}.` };
  if (values.length === 0) return { verdict: 'void', reason: 'No round counts.' };
  const mean = meanOf(values.map(({ start, value }) => ({ start, value: Math.log(value) })));
  const { verdict, tail, ...ends } = compareWithMargin(mean, MARGIN, LEVEL);
  const n = values.length;
  const [value, low, high] = [mean.value, ends.low, ends.high].map(Math.exp) as [number, number, number];
  const estimate = { value, low: finite(low), high: finite(high), n, confidence: 1 - 2 * tail };
  const interval = formatInterval(estimate);
  const finding = `99 of 100 reads were answered within ${formatUnit(value, 'ms')} (${interval === '' ? '' : `${interval}, `}${n} ${n === 1 ? 'round' : 'rounds'}).`;
  const judged = {
    finding,
    estimate: { ...estimate, unit: 'ms' },
    rule: { level: LEVEL, margin: { low: null, high: OWN_WAIT_MAX_MS } },
  };
  if (n < ROUNDS_MIN)
    return {
      ...judged,
      verdict: 'not shown here',
      reason: `${finding} A verdict needs at least ${ROUNDS_MIN} rounds that count.`,
    };
  const side = { holds: 'below', fails: 'above', 'not shown here': 'on both sides of' }[verdict];
  return { ...judged, verdict, reason: `${finding} The interval lies ${side} ${OWN_WAIT_MAX_MS} ms.` };
}
