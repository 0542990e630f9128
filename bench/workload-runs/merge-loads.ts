/** The results of several drivers as one: counts are added, histograms merged, the worst driver counts. */
import { saturation } from '../load/driver/driver-monitor.ts';
import type { LoadResult, LoadSpec, OperationResult } from '../load/load-spec.ts';
import { endedEarly, unlikeTheSpec } from '../load/load-validity.ts';
import { LatencyHistogram, type Percentiles } from '../measure/histograms.ts';
import type { Timeline, TimelineBucket } from '../measure/timeline.ts';

/** @param spec of the whole load. @param results at least one */
export function mergeLoads(spec: LoadSpec, results: readonly LoadResult[]): LoadResult {
  const [first] = results;
  if (first === undefined) throw new RangeError('loads to merge: at least one is accepted');
  if (results.length === 1) return { ...first, spec };
  const sum = (of: (result: LoadResult) => number) => results.reduce((total, each) => total + of(each), 0);
  const largest = (of: (result: LoadResult) => number) => Math.max(...results.map(of));
  const operations = mergeOperations(results.flatMap(each => each.operations));
  const merged = {
    spec,
    measuredFrom: results.map(({ measuredFrom }) => measuredFrom).sort()[0]!,
    okPerSecond: sum(({ okPerSecond }) => okPerSecond),
    readsPerSecond: sum(({ readsPerSecond }) => readsPerSecond),
    writesPerSecond: sum(({ writesPerSecond }) => writesPerSecond),
    operations,
    totals: {
      ok: sum(({ totals }) => totals.ok),
      errors: sum(({ totals }) => totals.errors),
      unknown: sum(({ totals }) => totals.unknown),
      writesOk: sum(({ totals }) => totals.writesOk),
      writesOkWithWarmup: sum(({ totals }) => totals.writesOkWithWarmup),
    },
    response: mergedHistogram(operations.map(({ response }) => response)).percentiles(),
    service: mergedHistogram(operations.map(({ service }) => service)).percentiles(),
    timeline: mergeTimelines(results.map(({ timeline }) => timeline)),
    sends: {
      intended: sum(({ sends }) => sends.intended),
      sent: sum(({ sends }) => sends.sent),
      late: sum(({ sends }) => sends.late),
      dropped: sum(({ sends }) => sends.dropped),
      lateness: worstPercentiles(results.map(({ sends }) => sends.lateness)),
    },
    reconnects: sum(({ reconnects }) => reconnects),
    driver: {
      cores: largest(({ driver }) => driver.cores),
      loopUtilization: largest(({ driver }) => driver.loopUtilization),
      loopLagP99Ms: largest(({ driver }) => driver.loopLagP99Ms),
      loopLagMaxMs: largest(({ driver }) => driver.loopLagMaxMs),
    },
  };
  return { ...merged, voidReasons: [...reasonsOfDrivers(results), ...unlikeTheSpec(merged)] };
}

/** What voids a load as soon as it happens to one driver; shares of requests count over all of them. */
function reasonsOfDrivers(results: readonly LoadResult[]): string[] {
  const held = results.flatMap(({ driver }, index) =>
    saturation(driver).map(reason => `driver ${index + 1}: ${reason}`),
  );
  return [...held, ...new Set(results.flatMap(endedEarly))];
}

/** One row for each target and operation, in the order of their first appearance. */
function mergeOperations(rows: readonly OperationResult[]): OperationResult[] {
  return groupOf(rows, ({ target, operation }) => `${target} ${operation}`).map(mergeRows);
}

/** One row for each operation, over all targets. */
export function byOperation(rows: readonly OperationResult[]): OperationResult[] {
  return groupOf(rows, ({ operation }) => operation).map(mergeRows);
}

function groupOf<T>(rows: readonly T[], key: (row: T) => string): T[][] {
  const groups = new Map<string, T[]>();
  for (const row of rows) {
    const group = groups.get(key(row));
    if (group === undefined) groups.set(key(row), [row]);
    else group.push(row);
  }
  return [...groups.values()];
}

function mergeRows(rows: readonly OperationResult[]): OperationResult {
  const errors: Record<string, number> = {};
  for (const row of rows)
    for (const [code, count] of Object.entries(row.errors)) errors[code] = (errors[code] ?? 0) + count;
  return {
    ...rows[0]!,
    ok: rows.reduce((sum, { ok }) => sum + ok, 0),
    okInWindow: rows.reduce((sum, { okInWindow }) => sum + okInWindow, 0),
    errors,
    unknown: rows.reduce((sum, { unknown }) => sum + unknown, 0),
    service: mergedHistogram(rows.map(({ service }) => service)).encode(),
    response: mergedHistogram(rows.map(({ response }) => response)).encode(),
  };
}

function mergedHistogram(encoded: readonly OperationResult['service'][]): LatencyHistogram {
  const merged = new LatencyHistogram();
  for (const each of encoded) merged.merge(LatencyHistogram.decode(each));
  return merged;
}

/** Counts are added. Medians and tails of parts are not those of the whole, so only the maximum is kept. */
function mergeTimelines(timelines: readonly Timeline[]): Timeline {
  const length = Math.max(...timelines.map(({ buckets }) => buckets.length));
  const buckets = Array.from({ length }, (_, at): TimelineBucket => {
    const parts = timelines.flatMap(each => each.buckets[at] ?? []);
    const maxima = parts.flatMap(({ latencyMaxUs }) => latencyMaxUs ?? []);
    return {
      intended: parts.reduce((sum, { intended }) => sum + intended, 0),
      ok: parts.reduce((sum, { ok }) => sum + ok, 0),
      errors: parts.reduce((sum, { errors }) => sum + errors, 0),
      ...(maxima.length > 0 && { latencyMaxUs: Math.max(...maxima) }),
    };
  });
  const outside = timelines.reduce((sum, each) => sum + each.outside, 0);
  return { bucketMs: timelines[0]!.bucketMs, buckets, outside };
}

/** Each value is that of the worst driver; n is of all. */
function worstPercentiles(all: readonly Percentiles[]): Percentiles {
  const worst: Percentiles = { n: 0, clipped: 0 };
  for (const each of all)
    for (const [name, value] of Object.entries(each) as [keyof Percentiles, number][])
      worst[name] =
        name === 'n' || name === 'clipped' ? worst[name] + value : Math.max(worst[name] ?? 0, value);
  return worst;
}
