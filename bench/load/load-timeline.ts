/** A load over time, with the faults on its clock, in the form of `result.json`. */

import { SERIES } from '../../results/names.ts';
import type { Band, Timeline } from '../../results/schema.ts';
import type { TimelineBucket } from '../measure/timeline.ts';
import { isOpenLoop, type LoadResult } from './load-spec.ts';

export interface TimelinePlace {
  readonly topology: string;
  readonly condition: string;
  readonly round: number;
  /** One of LOADS. */
  readonly load: string;
  /** The operations: of both kinds, where a load has both. */
  readonly what: 'writes' | 'reads' | 'operations';
}

export type TimedLoad = Pick<LoadResult, 'timeline' | 'measuredFrom'> & {
  readonly spec: Pick<LoadResult['spec'], 'mode'>;
};

/** @param bands on the clock of the load. Undefined when no bucket was completed. */
export function timelineOf(
  { topology, condition, round, load, what }: TimelinePlace,
  { timeline, measuredFrom, spec }: TimedLoad,
  bands: readonly Band[],
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
      ...(isOpenLoop(spec.mode) ? series(SERIES.intended, perSecond, ({ intended }) => rate(intended)) : []),
      ...series(SERIES.done, perSecond, ({ ok }) => rate(ok)),
      ...(anyFailed ? series(SERIES.failed, perSecond, ({ errors }) => rate(errors)) : []),
      ...series(SERIES.latencyP50, 'ms', ({ latencyP50Us }) => inMs(latencyP50Us)),
      ...series(SERIES.latencyP99, 'ms', ({ latencyP99Us }) => inMs(latencyP99Us)),
      ...series(SERIES.latencyMax, 'ms', ({ latencyMaxUs }) => inMs(latencyMaxUs)),
    ],
    bands: [...bands],
    ...(voidReasons.length > 0 && { voidReasons: [...voidReasons] }),
  };
}
