/**
 * Timelines in the form in which they are drawn: the rounds of one load of one topology on a common clock,
 * and a typical round.
 */
import { LOADS, SERIES } from '../results/names.ts';
import type { Band, Result, Timeline } from '../results/schema.ts';

export interface Round {
  /** Its place in `timelines` of result.json. */
  readonly index: number;
  readonly timeline: Timeline;
  /**
   * How far its clock is behind the common one: 0, or for an outage the bucket in which the fault was
   * injected.
   */
  readonly shiftMs: number;
}

export interface Group {
  readonly topology: string;
  readonly condition: string;
  readonly load: string;
  readonly bucketMs: number;
  /** The rounds that count. */
  readonly rounds: readonly Round[];
  /** The number of rounds that do not count. */
  readonly voided: number;
}

/** Undefined when no round counts. */
export function groupOf(
  result: Pick<Result, 'timelines'>,
  topology: string,
  condition: string,
  load: string,
): Group | undefined {
  const all = [...result.timelines.entries()].filter(
    ([, each]) => each.topology === topology && each.condition === condition && each.load === load,
  );
  const rounds = all
    .filter(([, { voidReasons }]) => voidReasons === undefined)
    .map(([index, timeline]) => ({ index, timeline, shiftMs: shiftOf(timeline) }));
  const [first] = rounds;
  if (first === undefined) return undefined;
  const { bucketMs } = first.timeline;
  return { topology, condition, load, bucketMs, rounds, voided: all.length - rounds.length };
}

/** Rounds of an outage are aligned at the injection of the fault, rounds of other loads at their start. */
function shiftOf({ load, bands, bucketMs }: Timeline): number {
  const [band] = bands;
  if (load !== LOADS.outage || band === undefined) return 0;
  return Math.floor(band.fromMs / bucketMs) * bucketMs;
}

export interface Point {
  /** The middle of its bucket, on the common clock. */
  readonly atMs: number;
  readonly value: number | null;
}

/** Empty when the round has no such series. */
export function pointsOf({ timeline, shiftMs }: Round, series: string): Point[] {
  const { bucketMs } = timeline;
  const values = timeline.series.find(({ name }) => name === series)?.values ?? [];
  return values.map((value, bucket) => ({ atMs: (bucket + 0.5) * bucketMs - shiftMs, value }));
}

/** With fewer rounds, a typical one would be invented. */
const TYPICAL_ROUNDS_MIN = 3;

/**
 * The median of the rounds in each bucket that at least half of them have. With fewer than three rounds, the
 * round in which least was done.
 */
export function typicalPoints(group: Group, series: string): Point[] {
  if (group.rounds.length < TYPICAL_ROUNDS_MIN) return pointsOf(worstRound(group), series);
  const byTime = new Map<number, (number | null)[]>();
  for (const round of group.rounds)
    for (const { atMs, value } of pointsOf(round, series))
      byTime.set(atMs, [...(byTime.get(atMs) ?? []), value]);
  return [...byTime]
    .filter(([, values]) => values.length * 2 >= group.rounds.length)
    .map(([atMs, values]) => ({ atMs, value: medianOf(values) }))
    .sort((a, b) => a.atMs - b.atMs);
}

/** The round in which least was done. */
export function worstRound({ rounds }: Group): Round {
  const total = (round: Round) =>
    pointsOf(round, SERIES.done).reduce((sum, { value }) => sum + (value ?? 0), 0);
  return rounds.reduce((worst, each) => (total(each) < total(worst) ? each : worst));
}

/** Null when half of the rounds or more have no value. */
function medianOf(values: readonly (number | null)[]): number | null {
  const known = values.filter(value => value !== null).sort((a, b) => a - b);
  if (known.length * 2 <= values.length) return null;
  const middle = Math.floor(known.length / 2);
  return known.length % 2 === 1 ? known[middle]! : (known[middle - 1]! + known[middle]!) / 2;
}

/**
 * The faults of the drawn round, or of the rounds behind the median; then each edge is the median. On the
 * common clock.
 */
export function typicalBands(group: Group): Band[] {
  const rounds = group.rounds.length < TYPICAL_ROUNDS_MIN ? [worstRound(group)] : group.rounds;
  const moved = rounds.map(({ timeline, shiftMs }) =>
    timeline.bands.map(band => ({
      ...band,
      fromMs: band.fromMs - shiftMs,
      toMs: band.toMs - shiftMs,
      ...(band.bittenMs !== undefined && { bittenMs: band.bittenMs - shiftMs }),
    })),
  );
  return (moved[0] ?? []).map((band, index) => {
    const edge = (pick: (band: Band) => number | undefined) =>
      medianOf(moved.map(bands => (bands[index] && pick(bands[index])) ?? null));
    const bittenMs = edge(each => each.bittenMs);
    return {
      ...band,
      fromMs: edge(each => each.fromMs) ?? band.fromMs,
      toMs: edge(each => each.toMs) ?? band.toMs,
      ...(bittenMs !== null && { bittenMs }),
    };
  });
}

/** The longest time without a completed operation, in whole buckets. */
export function longestSilenceMs({ series, bucketMs }: Timeline): number {
  const done = series.find(({ name }) => name === SERIES.done)?.values ?? [];
  let longest = 0;
  let now = 0;
  for (const value of done) {
    now = value === 0 ? now + bucketMs : 0;
    longest = Math.max(longest, now);
  }
  return longest;
}

/** Percentage of the intended operations that were done; undefined for a closed loop. */
export function donePercent({ timeline }: Round): number | undefined {
  const sum = (name: string) =>
    timeline.series
      .find(series => series.name === name)
      ?.values.reduce<number>((all, value) => all + (value ?? 0), 0);
  const [intended, done] = [sum(SERIES.intended), sum(SERIES.done)];
  return intended === undefined || intended === 0 ? undefined : Math.min(100, ((done ?? 0) / intended) * 100);
}

/** `blackhole: 8 links of v3` */
export function bandTitle({ fault, on, links }: Band): string {
  return `${fault}: ${on ?? (links.join(', ') || 'no link named')}`;
}
