/** What the driver must be able to do on one core, and whether rounds show that it does. */
import { LEVEL, type Margin } from '../../claims/claim.ts';
import { type Compared, compareWithMargin } from '../../claims/judging/margin-verdict.ts';
import { meanOf } from '../../stats/mean-interval.ts';

export interface DriverFigure {
  readonly what: string;
  readonly unit: string;
  /** One for each round that counts. */
  readonly values: readonly number[];
  /** Rounds in which the machine held the driver up. */
  readonly voidRounds: number;
  /** Absent where nothing is promised. */
  readonly bar?: Margin;
}

export interface JudgedFigure extends DriverFigure {
  readonly mean: number | null;
  /** The interval that the verdict is read from; null where rounds are too few to bound it. */
  readonly low: number | null;
  readonly high: number | null;
  readonly n: number;
  readonly verdict?: Verdict;
}

type Verdict = 'met' | 'missed' | 'not shown';

const VERDICTS: Readonly<Record<Compared['verdict'], Verdict>> = {
  holds: 'met',
  fails: 'missed',
  'not shown here': 'not shown',
};

export const BARS = {
  /** A closed loop of reads, in one process. */
  readsPerSecondMin: 150_000,
  /** Of the CPU of those reads. */
  timestampPercentMax: 3,
  /** Requests that are late, dropped, or more or fewer than the schedule has. */
  offSchedulePercentMax: 1,
} as const;

/** A bar is met when the whole interval is on its good side, and missed when none of it is. */
export function judgeFigure(figure: DriverFigure): JudgedFigure {
  const { values, bar } = figure;
  const mean = meanOf(values.map(value => ({ start: 0, value })));
  const { verdict, low, high } = compareWithMargin(mean, bar ?? {}, LEVEL);
  return {
    ...figure,
    mean: finite(mean.value),
    low: finite(low),
    high: finite(high),
    n: values.length,
    ...(bar !== undefined && { verdict: values.length === 0 ? 'not shown' : VERDICTS[verdict] }),
  };
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
