import { setTimeout as sleep } from 'node:timers/promises';
import { assert, suite } from '#test';
import { startFakeServer } from '../../../bench/load/driver/fake-server.ts';
import { LoadError } from '../../../bench/load/load-error.ts';
import { ENDED_EARLY } from '../../../bench/load/load-spec.ts';
import { Recorder } from '../../../bench/measure/recorder.ts';
import { loadResult } from '../../../bench/workload-runs/workload-runs.test-kit.ts';
import { readSuite } from '../suites.ts';
import { followOne, measureStaleness, type StalenessContext, voidReasonsOf } from './staleness.ts';

const test = suite('chaos/experiments: staleness');

test('writes that fail meanwhile cost their cell, and not the lab', async () => {
  const server = await startFakeServer();
  const leader = {
    name: 'v1',
    ownAddress: `127.0.0.1:${server.port}`,
    plan: { ports: { client: { host: '127.0.0.1', port: server.port } } },
  };
  const failing = async () => {
    await sleep(20);
    throw new LoadError('the load driver ended');
  };
  const context = {
    stage: { name: 'observers', assignRoles: async () => ({ leader, observers: [] }) },
    ...{ round: 0, start: 0, recorder: new Recorder(), signal: new AbortController().signal },
    ...{ driver: { run: failing, abort() {} }, write: { load: readSuite('quick').load, seed: 1 } },
  } as unknown as StalenessContext;
  try {
    const measured = measureStaleness(context, { writesPerSecond: 100, samples: 1_000 });
    const said = await measured.catch((error: Error) => error.message);
    assert.is(said, 'the load driver ended');
  } finally {
    await server.close();
  }
});

test('a steady rate of writes counts though it was ended; one that was not answered does not', () => {
  const totals = { ok: 900, errors: 0, unknown: 0, writesOk: 900, writesOkWithWarmup: 900 };
  const sends = { ...loadResult().sends, intended: 900, sent: 900, late: 0, dropped: 0 };
  const load = loadResult({ totals, sends, voidReasons: [ENDED_EARLY] });
  assert.equal(voidReasonsOf(load), []);
  const lost = { ...totals, ok: 300, writesOk: 300, unknown: 600 };
  assert.match(
    voidReasonsOf({ ...load, totals: lost }).join(),
    /600 of 900 requests failed or had no answer/,
  );
  const none = { ...totals, ok: 0, writesOk: 0, writesOkWithWarmup: 0 };
  assert.match(voidReasonsOf({ ...load, totals: none }).join(), /the leader committed nothing meanwhile/);
});

test('planted: a learner that never shows a write is infinitely late, and not left out', async () => {
  const reader = (nextWatch: () => Promise<unknown>) => ({ exists: async () => null, nextWatch }) as never;
  const delays = await followOne({ setData: async () => ({}) } as never, [
    reader(async () => ({})),
    reader(async () => {
      throw new Error('no watch event within 1 ms');
    }),
  ]);
  assert.ok(Number.isFinite(delays[0]));
  assert.is(delays[1], Number.POSITIVE_INFINITY);
});
