import { HUNDREDS_MIN, type StormSize, stormSizeOf } from '../../results/names.ts';
import { formatUnit } from '../../results/number-text.ts';
import { Evidence, paired } from './judging/evidence.ts';
import { type FitPair, type Pair, ratioWithin } from './judging/pair-judgement.ts';
import { timedClaim } from './judging/timed-claim.ts';

const METRIC = 'stormLastLearnerMs';

/** 004-18 at the size that the guide is about. */
export const mastersSyncHundredsSooner = timedClaim(
  {
    id: '004-18b',
    title: 'With observer masters hundreds of observers serve sooner after the leader is lost',
    source: 'Observers guide, observer masters: many observers finish syncing and serve sooner',
    hypothesis: `When ${HUNDREDS_MIN} observers or more take a snapshot over links of limited bandwidth, the last one serves sooner with masters than without`,
    metric: `${METRIC}, with masters over without`,
    unit: 'ratio',
    control: 'the same members without observerMasterPort, rounds interleaved',
    needs: ['storms'],
    rule: { scale: 'ratio', margin: { high: 1 }, tells: { spread: 0.15, holds: 0.7, fails: 1.4 } },
  },
  {
    pairs: evidence =>
      storms(evidence)
        .filter(({ size }) => size.sinks >= HUNDREDS_MIN)
        .map(({ pair }) => pair),
    lacking: ({ result }) =>
      result.environment.noBandwidth === undefined
        ? 'storms of observers'
        : `storms of observers, because ${result.environment.noBandwidth}`,
    say: ({ subject, control }, number) =>
      `after the first write of a new leader, ${subject} took ${number} the time of ${control} until the last one served`,
    warnings: evidence => [
      ...breakEven(storms(evidence)),
      'the observers of a storm keep nothing; real ones also write their snapshot to a disk, each to its own',
    ],
  },
);

interface Storm {
  readonly size: StormSize;
  readonly pair: Pair;
}

/** The smallest first, by what has to be sent. */
function storms({ result }: Evidence): Storm[] {
  const own = new Evidence(result, 'storms');
  const conditions = [
    ...new Set(result.measurements.filter(each => each.metric === METRIC).map(each => each.condition)),
  ];
  return own.mastersPairs
    .flatMap(({ observers, masters }) =>
      conditions.flatMap((condition): Storm[] => {
        const size = stormSizeOf(condition);
        if (size === undefined) return [];
        const pair = {
          subject: `${sizeText(size)} behind masters`,
          control: 'as many at the leader',
          a: own.series(METRIC, observers, condition),
          aWhat: `sync time of ${observers.name}, ${condition}`,
          b: own.series(METRIC, masters, condition),
          bWhat: `sync time of ${masters.name}, ${condition}`,
        };
        return [{ size, pair }];
      }),
    )
    .sort((x, y) => megabytes(x) - megabytes(y));
}

function megabytes({ size }: Pick<Storm, 'size'>): number {
  return size.sinks * size.snapshotMb;
}

function sizeText({ sinks, snapshotMb }: StormSize): string {
  return `${sinks} observers with ${snapshotMb} MB each`;
}

/** Masters serve only once they have joined the new leader, which only pays when there is enough to share. */
function breakEven(all: readonly Storm[]): string[] {
  const judged = all.flatMap(({ size, pair }) => {
    if (pair.a === undefined || pair.b === undefined || paired(pair.a, pair.b).length === 0) return [];
    return [{ size, ratio: ratioWithin(pair.a, pair.b as FitPair['b']).value }];
  });
  if (judged.length === 0) return [];
  const each = judged
    .map(({ size, ratio }) => `${formatUnit(ratio, 'ratio')} with ${sizeText(size)}`)
    .join(', ');
  return [`${breakEvenText(judged)}: ${each}`];
}

/** @param judged the smallest first */
function breakEvenText(judged: readonly { readonly size: StormSize; readonly ratio: number }[]): string {
  const from = judged.findLast(({ ratio }) => ratio >= 1);
  if (from === undefined) return 'masters were sooner at every size';
  if (judged.every(({ ratio }) => ratio >= 1)) return 'masters were later at every size';
  const isLargest = judged.every(({ size }) => megabytes({ size }) <= megabytes(from));
  return isLargest
    ? 'masters do not break even at the sizes of this run, as they were later at the largest'
    : `masters break even above ${megabytes(from)} MB in all`;
}
