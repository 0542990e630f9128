/** Load results with invented numbers, for the tests of this folder. */
import type { LoadResult, LoadSpec, OperationResult } from '../load/load-spec.ts';
import type { OperationName } from '../load/workload/operations.ts';
import { LatencyHistogram } from '../measure/histograms.ts';

export const SPEC: LoadSpec = {
  targets: [{ name: 'v1', host: '127.0.0.1', port: 1 }],
  sessionsPerTarget: 5,
  workload: { mix: { getData: 1 }, valueBytes: 1, keyCount: 1, skew: { kind: 'uniform' }, seed: 1 },
  mode: { kind: 'open', ratePerSecond: 1_000, arrivals: 'poisson' },
  warmupMs: 0,
  durationMs: 2_000,
};

export function operationRow(
  operation: OperationName,
  latenciesMs: readonly number[],
  more: Partial<OperationResult> = {},
): OperationResult {
  const histogram = new LatencyHistogram();
  for (const ms of latenciesMs) histogram.recordUs(ms * 1000);
  const encoded = histogram.encode();
  return {
    target: 'v1',
    role: undefined,
    operation,
    ok: latenciesMs.length,
    okInWindow: latenciesMs.length,
    errors: {},
    unknown: 0,
    service: encoded,
    response: encoded,
    ...more,
  };
}

/** A load of 2 s in which all was well: 2,000 answers within 1 ms each. */
export function loadResult(more: Partial<LoadResult> = {}): LoadResult {
  const operations = [operationRow('getData', new Array(2_000).fill(1))];
  const percentiles = LatencyHistogram.decode(operations[0]!.response).percentiles();
  return {
    spec: SPEC,
    measuredFrom: '2026-01-01T00:00:00.000Z',
    okPerSecond: 1_000,
    readsPerSecond: 1_000,
    writesPerSecond: 0,
    operations,
    totals: { ok: 2_000, errors: 0, unknown: 0, writesOk: 0, writesOkWithWarmup: 0 },
    response: percentiles,
    service: percentiles,
    timeline: { bucketMs: 1_000, buckets: [{ intended: 2_000, ok: 2_000, errors: 0 }], outside: 0 },
    sends: { intended: 2_000, sent: 2_000, late: 0, dropped: 0, lateness: { n: 2_000, clipped: 0 } },
    reconnects: 0,
    driver: { cores: 0.2, loopUtilization: 0.2, loopLagP99Ms: 1, loopLagMaxMs: 2 },
    voidReasons: [],
    ...more,
  };
}
