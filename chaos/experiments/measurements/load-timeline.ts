/** A load as it went, with the faults on its clock, in the form of result.json. */
import type { LoadResult } from '../../../bench/load/load-spec.ts';
import type { TimelineBucket } from '../../../bench/measure/timeline.ts';
import { SERIES } from '../../../results/names.ts';
import type { Timeline } from '../../../results/schema.ts';
import { bandOf, type FaultSpan } from './fault-span.ts';

export interface TimelinePlace {
  readonly topology: string;
  readonly condition: string;
  readonly round: number;
  /** One of LOADS. */
  readonly load: string;
  /** What is done: writes, reads. */
  readonly what: 'writes' | 'reads';
}

/** Undefined where not one bucket was over. */
export function timelineOf(
  { topology, condition, round, load, what }: TimelinePlace,
  { timeline, measuredFrom, spec }: Pick<LoadResult, 'timeline' | 'measuredFrom' | 'spec'>,
  span: FaultSpan | undefined,
  voidReasons: readonly string[],
): Timeline | undefined {
  const { buckets, bucketMs } = timeline;
  if (buckets.length === 0) return undefined;
  const series = (
    name: string,
    unit: string,
    pick: (bucket: TimelineBucket) => number | undefined,
  ): Timeline['series'] => {
    const values = buckets.map(bucket => pick(bucket) ?? null);
    return values.some(value => value !== null) ? [{ name, unit, values }] : [];
  };
  const rate = (count: number) => Math.round((count * 1000) / bucketMs);
  const inMs = (us: number | undefined) => (us === undefined ? undefined : us / 1000);
  const anyFailed = buckets.some(({ errors }) => errors > 0);
  const perSecond = `${what}/s`;
  return {
    topology,
    condition,
    round,
    load,
    startedAt: measuredFrom,
    bucketMs,
    series: [
      ...(spec.mode.kind === 'open'
        ? series(SERIES.intended, perSecond, ({ intended }) => rate(intended))
        : []),
      ...series(SERIES.done, perSecond, ({ ok }) => rate(ok)),
      ...(anyFailed ? series(SERIES.failed, perSecond, ({ errors }) => rate(errors)) : []),
      ...series(SERIES.latencyP50, 'ms', ({ latencyP50Us }) => inMs(latencyP50Us)),
      ...series(SERIES.latencyP99, 'ms', ({ latencyP99Us }) => inMs(latencyP99Us)),
      ...series(SERIES.latencyMax, 'ms', ({ latencyMaxUs }) => inMs(latencyMaxUs)),
    ],
    bands: span === undefined ? [] : [bandOf(span, Date.parse(measuredFrom))],
    ...(voidReasons.length > 0 && { voidReasons: [...voidReasons] }),
  };
}
