import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, suite, temporaryFolder } from '#test';
import { minimalResult } from '../../results/fixtures/minimal.ts';
import type { Result } from '../../results/schema.ts';
import { chooseSides } from './choose-sides.ts';

const test = suite('sides of a comparison');

/** A folder with a run for each day, of a commit and a suite. */
function runsOf(...runs: readonly (readonly [day: number, commit: string, valueBytes: number])[]): string {
  const root = temporaryFolder();
  for (const [day, commit, valueBytes] of runs) {
    const date = `2026-08-0${day}`;
    const result: Result = { ...minimalResult(), inputs: { suite: { load: { valueBytes } } } };
    result.run = { ...result.run, id: `${date}T02-30-00Z-quick`, startedAt: `${date}T02:30:00.000Z` };
    result.environment.git.commit = commit;
    mkdirSync(join(root, result.run.id));
    writeFileSync(join(root, result.run.id, 'result.json'), JSON.stringify(result));
  }
  return root;
}

async function idsOf(references: readonly string[], pool: boolean, root: string): Promise<string[]> {
  const sides = await chooseSides(references, pool, root);
  return sides.map(({ runs }) => runs.map(({ run }) => run.id.slice(8, 10)).join());
}

async function refusal(references: readonly string[], pool: boolean, root: string): Promise<string> {
  return chooseSides(references, pool, root).then(
    () => 'accepted',
    (error: Error) => error.message,
  );
}

test('each reference is a side, in the order of the command line; a pattern is a pool', async () => {
  const root = runsOf([1, 'aaa', 100], [2, 'aaa', 100], [3, 'bbb', 100]);
  assert.equal(await idsOf(['2026-08-02', 'latest', '2026-08-01'], false, root), ['02', '03', '01']);
  assert.equal(
    await idsOf(['2026-08-0[12]*', '2026-08-0?T*'], false, root).catch(error => error.problem),
    'missing',
  );
});

test('a run that is named by itself is none of a pattern, and the side says that it was left out', async () => {
  const root = runsOf([1, 'aaa', 100], [2, 'aaa', 100], [3, 'bbb', 100]);
  assert.equal(await idsOf(['2026-08-0*', 'latest'], false, root), ['01,02', '03']);
  const [, pool] = await chooseSides(['2026-08-03', '2026-08-0*'], false, root);
  assert.equal(pool!.leftOut, [{ id: '2026-08-03T02-30-00Z-quick', reason: 'is on the other side' }]);
});

test('planted: a run on both sides is refused in one sentence', async () => {
  const root = runsOf([1, 'aaa', 100], [2, 'aaa', 100]);
  for (const [references, says] of [
    [
      ['latest', '2026-08-02'],
      /^"latest" and "2026-08-02" both name 2026-08-02T\S+; accepted is each run on one side$/,
    ],
    [['2026-08-0*', '2026-08-*'], /^"2026-08-0\*" and "2026-08-\*" both name 2026-08-01T/],
    [
      ['2026-08-02*', 'latest'],
      /^"2026-08-02\*" matches only runs that are named by themselves: 2026-08-02T/,
    ],
  ] as const)
    assert.match(await refusal(references, false, root), says);
});

test('a pool has a side for each build and input, and no run twice', async () => {
  const root = runsOf([1, 'aaa', 100], [2, 'bbb', 100], [3, 'aaa', 100], [4, 'bbb', 900]);
  assert.equal(await idsOf(['2026-08-*', '2026-08-01'], true, root), ['01,03', '02', '04']);
});

test('what makes no comparison is refused in one sentence', async () => {
  const root = runsOf([1, 'aaa', 100], [2, 'aaa', 100], [3, 'aaa', 900]);
  assert.match(
    await refusal(['2026-08-01'], false, root),
    /^only 2026-08-01 is named; a comparison needs two/,
  );
  assert.match(await refusal(['2026-08-01', '2026-08-02'], true, root), /^all 2 runs are of one build/);
  assert.match(
    await refusal(['2026-08-*', '2026-08-02'], false, root),
    /^"2026-08-\*" matches runs with different inputs or machines, such as 2026-08-01\S+ and 2026-08-03/,
  );
  assert.match(
    await refusal(['2027-*', '2026-08-01'], false, root),
    /^no run matches "2027-\*" .*2026-08-03/,
  );
});

test('a result of another schema version is one message', async () => {
  const root = runsOf([1, 'aaa', 100], [2, 'aaa', 100]);
  const file = join(root, '2026-08-02T02-30-00Z-quick', 'result.json');
  writeFileSync(file, JSON.stringify({ schemaVersion: 99 }));
  const message = await refusal(['2026-08-01', '2026-08-02'], false, root);
  assert.is(message, `${file} has schemaVersion 99; this version of zklab reads 1`);
});
