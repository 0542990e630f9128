import { assert, suite } from '#test';
import type { LoadResult } from '../../../bench/load/load-spec.ts';
import { LatencyHistogram } from '../../../bench/measure/histograms.ts';
import { Recorder } from '../../../bench/measure/recorder.ts';
import type { FaultSpan } from '../../faults/nemesis/fault-span.ts';
import { readSuite } from '../suites.ts';
import { recordNoSession, recordWrites, type WriteContext } from './record-writes.ts';
import { LOAD_KINDS } from './throughput.ts';

const test = suite('chaos/experiments: what is recorded of writes');

const LOAD = readSuite('quick').load;
const CONTEXT = { topology: 'voters', condition: 'healthy', round: 0 };

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
        okInWindow: ok,
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

interface Recorded {
  readonly samples: number;
  readonly value: number | undefined;
  readonly warnings: string;
}

function recorded(load: LoadResult, more: Partial<WriteContext> = {}, openingMs = 50): Map<string, Recorded> {
  const recorder = new Recorder();
  recordWrites(
    { recorder, ...CONTEXT, ...more },
    {
      saturated: {
        load,
        openingMs,
        counts: {},
        uncounted: undefined,
        leaderCpuUsPerWrite: undefined,
        observerCores: undefined,
      },
      paced: load,
      reads: undefined,
    },
    [],
  );
  return measuredBy(recorder);
}

function measuredBy(recorder: Recorder): Map<string, Recorded> {
  return new Map(
    recorder
      .measured()
      .measurements.map(({ metric, samples, summary }) => [
        metric,
        { samples: samples.length, value: samples[0]?.value, warnings: summary.warnings.join() },
      ]),
  );
}

const FAULT: FaultSpan = {
  fault: 'blackhole',
  links: ['v1.v2.quorum'],
  on: 'v1 and v2',
  injectedAt: 0,
  bittenAt: 1,
  healedAt: 9_000,
  proof: 'answers stopped',
};

test('when all requests are answered, throughput, median and tail count', () => {
  for (const metrics of [recorded(paced(0)), recorded(paced(0), { fault: FAULT })])
    for (const metric of ['writeThroughput', 'writeLatencyP50', 'writeLatencyP99'])
      assert.equal([metrics.get(metric)!.samples, metrics.get(metric)!.warnings], [1, ''], metric);
});

test('planted: in a healthy ensemble unanswered requests void the percentiles, which know only answered ones', () => {
  const few = recorded(paced(40));
  assert.is(few.get('writeLatencyP50')!.samples, 1);
  assert.is(few.get('writeLatencyP99')!.samples, 0);
  assert.match(
    few.get('writeLatencyP99')!.warnings,
    /unwell: 40 of 2000 requests failed or had no answer, at most 1 %/,
  );
  const many = recorded(paced(400));
  assert.is(many.get('writeLatencyP50')!.samples, 0);
  assert.match(many.get('writeLatencyP50')!.warnings, /400 of 2000 .* at most 10 %/);
  assert.is(many.get('writeThroughput')!.samples, 1);
});

test('a total stop is a finding under a fault, and a void where nothing is broken', () => {
  const stopped = paced(2_000);
  const under = recorded(stopped, { fault: FAULT });
  assert.equal([under.get('writeThroughput')!.samples, under.get('writeThroughput')!.value], [1, 0]);
  // The histogram keeps three digits.
  assert.ok(Math.abs(under.get('writeLatencyP50')!.value! - 2_000) < 5);
  assert.match(under.get('writeLatencyP50')!.warnings, /2000 of 2000 requests .* each counts as 2000 ms/);
  const healthy = recorded(stopped);
  assert.is(healthy.get('writeThroughput')!.samples, 0);
  assert.match(
    healthy.get('writeThroughput')!.warnings,
    /unwell: it committed 0 writes, at least 100 are needed/,
  );
});

test('under a fault unanswered requests move the percentiles, because the answers alone flatter the server', () => {
  const metrics = recorded(paced(40), { fault: FAULT });
  assert.ok(metrics.get('writeLatencyP50')!.value! < 1.1);
  assert.ok(metrics.get('writeLatencyP99')!.value! > 1_900, '2 % of all requests had no answer');
  const dropped = paced(0);
  dropped.sends = { ...dropped.sends, intended: 6_000, dropped: 4_000 };
  assert.ok(
    recorded(dropped, { fault: FAULT }).get('writeLatencyP50')!.value! > 1_900,
    'nor had what was not sent',
  );
});

test('a driver that was held up, and a fault that did not bite, void a stop as they void everything', () => {
  const slow = {
    ...paced(2_000),
    driver: { cores: 0.95, loopUtilization: 1, loopLagP99Ms: 0, loopLagMaxMs: 0 },
  };
  assert.is(recorded(slow, { fault: FAULT }).get('writeThroughput')!.samples, 0);
  assert.is(recorded(slow, { fault: FAULT }).get('writeLatencyP50')!.samples, 0);
  const recorder = new Recorder();
  const place = { recorder, ...CONTEXT, fault: FAULT };
  recordNoSession(place, LOAD, LOAD_KINDS, 'no session', ['blackhole did not bite']);
  assert.is(measuredBy(recorder).get('writeThroughput')!.samples, 0);
});

test('a fault under which no session is given is a total stop', () => {
  const recorder = new Recorder();
  recordNoSession({ recorder, ...CONTEXT, fault: FAULT }, LOAD, LOAD_KINDS, 'v1 turned us away', []);
  const metrics = measuredBy(recorder);
  assert.equal(
    ['writeThroughput', 'writeLatencyP50'].map(metric => metrics.get(metric)!.value),
    [0, LOAD.pacedMs],
  );
  assert.match(
    metrics.get('writeThroughput')!.warnings,
    /no session was given under the fault: v1 turned us away/,
  );
});

test('planted: clients that wait for their sessions longer than the whole load found a stop, if there is a fault', () => {
  const found = (openingMs: number, more: Partial<WriteContext>) =>
    recorded(paced(0), more, openingMs).get('writeThroughput')!;
  const stopped = found(2_100, { fault: FAULT });
  assert.is(stopped.value, 0);
  assert.match(stopped.warnings, /waited 2100 ms for a session, longer than the whole load/);
  assert.is(found(1_900, { fault: FAULT }).value, 1_000);
  assert.is(found(2_100, {}).value, 1_000, 'where nothing is broken, the machine is slow');
});
