import { assert, suite } from '#test';
import type { LoadMode, LoadResult } from '../load/load-spec.ts';
import { Recorder } from '../measure/recorder.ts';
import { loadResult, operationRow, SPEC } from '../workload-runs/workload-runs.test-kit.ts';
import { measureWindow } from './measure-window.ts';

const test = suite('bench/matrix: a window');

const CLOSED: LoadMode = { kind: 'closed', depth: 1 };
const OPEN: LoadMode = { kind: 'open', ratePerSecond: 1_000, arrivals: 'constant' };

/** What is recorded of one window in which the driver reported this load. */
async function measured(
  load: LoadResult,
  { mode, writes, reads }: { readonly mode: LoadMode; readonly writes: boolean; readonly reads: boolean },
) {
  const recorder = new Recorder();
  const leader = { name: 'v1', host: { machineTicks: () => null } };
  const running = {
    loadOf: async () => ({ spec: SPEC, leader }),
    budgetsOf: () => [],
    ensemble: { members: [] },
  };
  const cell = { topology: 'voters', label: '', load: { name: 'mixed', mode, writes, reads } };
  const options = {
    ...{ driver: { run: async () => load }, recorder, seed: 1, settleMs: 0, windowMs: 1_000 },
  };
  await measureWindow(running as never, cell as never, { round: 0, start: 0 }, options as never);
  recorder.keep();
  return recorder.measured();
}

const MIXED = loadResult({ readsPerSecond: 800, writesPerSecond: 200 });

test('planted: a load that reads and writes has one timeline, of all operations', async () => {
  const { timelines, measurements } = await measured(MIXED, { mode: CLOSED, writes: true, reads: true });
  assert.equal(
    timelines.map(({ load, series }) => [load, series.find(({ name }) => name === 'done')?.unit]),
    [['mixed, closed loop', 'operations/s']],
  );
  const rates = new Map(measurements.map(({ metric, samples }) => [metric, samples[0]?.value]));
  assert.equal([rates.get('writeThroughput'), rates.get('readThroughput')], [200, 800]);
});

test('a load of one kind has the timeline of that kind', async () => {
  for (const [writes, unit] of [
    [true, 'writes/s'],
    [false, 'reads/s'],
  ] as const) {
    const { timelines } = await measured(MIXED, { mode: CLOSED, writes, reads: !writes });
    assert.equal(
      [timelines.length, timelines[0]!.series.find(({ name }) => name === 'done')!.unit],
      [1, unit],
    );
  }
});

test('planted: a median of too few answers leaves a void round, and not nothing', async () => {
  const few = loadResult({
    operations: [operationRow('setData', [1, 2]), operationRow('getData', new Array(2_000).fill(1))],
  });
  const { measurements } = await measured(few, { mode: OPEN, writes: true, reads: true });
  const of = (metric: string) => measurements.find(each => each.metric === metric);
  assert.equal(of('writeLatencyP50')?.samples, []);
  assert.match(
    String(of('writeLatencyP50')?.summary.warnings),
    /void round 1: 2 answers are too few for a median/,
  );
  assert.is(of('readLatencyP50')?.samples.length, 1);
});
