import { readdirSync } from 'node:fs';
import { assert, suite, temporaryFolder } from '#test';
import { middleOf } from '../stats/summary.ts';
import { type MicroRow, runMicro, runTask } from './micro.ts';

const test = suite('micro');

const QUICK = { timeMs: 4, warmupMs: 1 };

test(
  'every task runs, gives a positive time, and leaves nothing behind',
  async () => {
    const own = temporaryFolder();
    process.env.TMPDIR = own;
    const told: MicroRow[] = [];
    const rows = await runMicro(undefined, row => told.push(row), QUICK);
    assert.equal(told, rows);
    for (const prefix of ['jute', 'frames', 'tree', 'log'])
      assert.ok(rows.some(({ name }) => name.startsWith(prefix)));
    for (const { name, nsPerOperation, n } of rows) assert.ok(nsPerOperation > 0 && n > 0, name);
    assert.equal(readdirSync(own), []);
  },
  { deadlineMs: 240_000 },
);

test('a filter that matches nothing is an error that names the tasks', async () => {
  const error = await runMicro(/nothing/, () => {}, QUICK).catch((caught: unknown) => caught as Error);
  assert.match((error as Error).message, /no task matches .*jute: write a Stat/);
});

test('a signal ends the run after the current task, even between tasks that never wait', async () => {
  const ended = new AbortController();
  setImmediate(() => ended.abort());
  const rows = await runMicro(/^jute/, () => {}, { ...QUICK, signal: ended.signal });
  assert.ok(rows.length <= 1, rows.map(({ name }) => name).join());
});

test('the time is per operation, not per call', async () => {
  const callsNs: number[] = [];
  const wait = (): number => {
    const from = performance.now();
    while (performance.now() < from + 1);
    callsNs.push((performance.now() - from) * 1e6);
    return from;
  };
  const { nsPerOperation } = await runTask({ name: 'wait', operations: 10, run: wait }, QUICK);
  const perOperation = middleOf(callsNs.sort((a, b) => a - b)) / 10;
  const factor = nsPerOperation / perOperation;
  assert.ok(factor > 0.5 && factor < 5, `${nsPerOperation} ns, where calls took ${perOperation}`);
});

test('planted: a task below the resolution of the timer gets a warning', async () => {
  let count = 0;
  const { warnings } = await runTask({ name: 'nothing', operations: 1, run: () => ++count }, QUICK);
  assert.ok(
    warnings.some(text => /timer is too coarse/.test(text)),
    warnings.join(),
  );
});

test('a task whose result is no number gets a warning that it may have been optimised away', async () => {
  const { warnings } = await runTask({ name: 'none', operations: 1, run: () => Number.NaN }, QUICK);
  assert.ok(warnings.some(text => /gave no number/.test(text)));
});
