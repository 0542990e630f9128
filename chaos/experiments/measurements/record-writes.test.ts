import { assert, suite } from '#test';
import type { LoadResult } from '../../../bench/load/load-spec.ts';
import { LatencyHistogram } from '../../../bench/measure/histograms.ts';
import { Recorder } from '../../../bench/measure/recorder.ts';
import { recordWrites } from './record-writes.ts';

const test = suite('chaos/experiments: what is recorded of writes');

const OCCASION = { topology: 'voters', condition: 'healthy', round: 0 };

/** 2,000 requests of a paced load. All are answered within 1 ms, except `unknown` of them. */
function paced(unknown: number): LoadResult {
  const response = new LatencyHistogram();
  for (let request = unknown; request < 2_000; request++) response.recordUs(1_000);
  const [encoded, ok] = [response.encode(), 2_000 - unknown];
  const none = new LatencyHistogram().percentiles();
  return {
    spec: {
      targets: [],
      sessionsPerTarget: 1,
      workload: { mix: { setData: 1 }, valueBytes: 1, keyCount: 1, skew: { kind: 'uniform' }, seed: 1 },
      mode: { kind: 'open', ratePerSecond: 1_000, arrivals: 'poisson' },
      warmupMs: 0,
      durationMs: 2_000,
    },
    measuredFrom: new Date(0).toISOString(),
    okPerSecond: ok / 2,
    readsPerSecond: 0,
    writesPerSecond: ok / 2,
    operations: [
      {
        target: 'v1',
        role: 'voter',
        operation: 'setData',
        ok,
        errors: {},
        unknown,
        service: encoded,
        response: encoded,
      },
    ],
    totals: { ok, errors: 0, unknown, writesOk: ok, writesOkWithWarmup: ok },
    response: none,
    service: none,
    timeline: { bucketMs: 50, buckets: [], outside: 0 },
    sends: { intended: 2_000, sent: 2_000, late: 0, dropped: 0, lateness: none },
    reconnects: 0,
    driver: { cores: 0.1, loopUtilization: 0.1, loopLagP99Ms: 0, loopLagMaxMs: 0 },
    voidReasons: [],
  };
}

function recorded(unknown: number): Map<string, { samples: number; warnings: string }> {
  const recorder = new Recorder();
  const load = paced(unknown);
  recordWrites(
    { recorder, ...OCCASION },
    {
      saturated: load,
      paced: load,
      reads: undefined,
      counts: {},
      uncounted: undefined,
      leaderCpuUsPerWrite: undefined,
      observerCores: undefined,
    },
    [],
  );
  return new Map(
    recorder
      .measured()
      .measurements.map(({ metric, samples, summary }) => [
        metric,
        { samples: samples.length, warnings: summary.warnings.join() },
      ]),
  );
}

test('when all requests are answered, throughput, median and tail count', () => {
  const metrics = recorded(0);
  for (const metric of ['writeThroughput', 'writeLatencyP50', 'writeLatencyP99'])
    assert.equal(metrics.get(metric), { samples: 1, warnings: '' }, metric);
});

test('planted: unanswered requests void the percentiles, which know only answered ones', () => {
  const few = recorded(40);
  assert.is(few.get('writeLatencyP50')!.samples, 1);
  assert.is(few.get('writeLatencyP99')!.samples, 0);
  assert.match(
    few.get('writeLatencyP99')!.warnings,
    /40 of 2000 requests failed or had no answer, at most 1 %/,
  );
  const many = recorded(400);
  assert.is(many.get('writeLatencyP50')!.samples, 0);
  assert.match(many.get('writeLatencyP50')!.warnings, /400 of 2000 .* at most 10 %/);
  assert.is(many.get('writeThroughput')!.samples, 1);
});
