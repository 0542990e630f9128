/** `zklab bench SUITE` on the smallest ensembles, too short to show anything. */
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assert, suite, temporaryFolder } from '#test';
import { loadRun } from '../../results/store.ts';
import { TEMPORARY_PREFIX } from '../hosts/reaper.ts';
import { terminal } from '../terminal.ts';
import { UsageError } from '../usage-error.ts';
import { benchMatrix, type MatrixOptions } from './matrix-command.ts';

const test = suite('bench/matrix: a run');

const TEXT = `
description: a test
matrix:
  topologies: { alone: voters=1, watched: voters=1 observers=1 }
  workloads:
    writes: { operations: { setData: 1 }, keyCount: 10 }
    steady:
      operations: { getData: 1, setData: 1 }
      keyCount: 10
      arrivals: { kind: poisson, ratePerSecond: 400 }
baseline: { topology: alone }
starts: 2
warmupMs: 0
settleMs: 50
windowMs: 400
`;

function bench(text: string, options: Partial<MatrixOptions> = {}) {
  const root = temporaryFolder();
  const file = join(root, 'mine.yaml');
  writeFileSync(file, text);
  const runsRoot = join(root, 'runs');
  const printed: string[] = [];
  const out = { write: (line: string) => printed.push(line) };
  const views = { report: async () => '', table: () => 'the table' };
  const { signal } = new AbortController();
  const run = benchMatrix(terminal({ out, err: { write: () => {} } }), views, file, {
    ...{ signal, commands: ['peer'], runsRoot, seed: 1 },
    ...options,
  });
  return { runsRoot, file, printed, run };
}

test(
  'every cell is measured on fresh ensembles, counted, and compared with its control',
  async () => {
    process.env.TMPDIR = temporaryFolder();
    const { runsRoot, printed, run } = bench(TEXT);
    const exitCode = await run;
    const { matrix, measurements, validity, topologies, inputs } = await loadRun(join(runsRoot, 'latest'));
    assert.is(exitCode, validity.void || validity.unmeasured !== undefined ? 3 : 0);
    assert.equal(
      topologies.map(({ name, links }) => [name, links]),
      [
        ['alone', 'direct'],
        ['watched', 'direct'],
      ],
    );
    assert.equal(
      matrix!.cells.map(({ id, control }) => [id, control]),
      [
        ['alone, writes', null],
        ['alone, steady', null],
        ['watched, writes', 'alone, writes'],
        ['watched, steady', 'alone, steady'],
      ],
    );
    const of = (metric: string, topology: string, condition: string) =>
      measurements.find(
        each => each.metric === metric && each.topology === topology && each.condition === condition,
      )!;
    const writes = of('writeThroughput', 'watched', 'writes');
    const places = writes.samples.map(({ round, start }) => [round, start]);
    const voided = writes.summary.warnings.filter(warning => warning.startsWith('void round'));
    assert.is(places.length + voided.length, 2, 'one window of each start');
    for (const [round, start] of places) assert.is(round, start);
    if (voided.length < 2) assert.is(Math.round(writes.exactCounts!.informsSentByLeaderPerWrite!), 1);
    for (const metric of ['readLatencyP50', 'writeLatencyP50'])
      assert.ok(of(metric, 'alone', 'steady') !== undefined, metric);
    for (const { finding } of matrix!.comparisons) assert.is(finding, 'not shown', 'two starts say nothing');
    assert.match(JSON.stringify(inputs), '"sessionsPerMember":4');
    assert.ok(existsSync(join(runsRoot, 'latest', 'logs', 'watched-2-o1.log')));
    assert.match(printed.join(''), 'the table');
    const left = readdirSync(tmpdir()).filter(name => name.startsWith(`${TEMPORARY_PREFIX}matrix-`));
    assert.equal(left, []);
  },
  { deadlineMs: 300_000 },
);

test('--explain starts nothing, and neither does a tag that no cell has', async () => {
  const { runsRoot, printed, run } = bench(TEXT, { explain: true });
  assert.is(await run, 0);
  assert.match(
    printed.join(''),
    '# 4 cells on 2 ensembles (3 members at the same time), 2 starts of 1 round',
  );
  assert.not.ok(existsSync(runsRoot));
  const spaced = bench(TEXT, { explain: true, only: ' alone, steady ' });
  assert.is(await spaced.run, 0, 'blanks around a tag are none of it');
  assert.match(spaced.printed.join(''), '# 3 cells on 2 ensembles');
  const other = bench(TEXT, { only: 'watch' });
  const error = await other.run.catch((thrown: Error) => thrown);
  assert.instance(error, UsageError);
  assert.not.ok(existsSync(other.runsRoot));
});
