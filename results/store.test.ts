import { mkdir, readdir, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { assert, suite, temporaryFolder } from '#test';
import { minimalResult } from './fixtures/minimal.ts';
import { createRun, findRun, listRuns, loadRun, parseResult, runId } from './store.ts';
import { StoreError, type StoreProblem } from './store-error.ts';

const test = suite('results: store');
const EARLY = new Date('2026-08-01T02:30:00.500Z');
const LATE = new Date('2026-08-02T02:30:00.000Z');

async function refused(action: () => unknown, problem: StoreProblem, message: RegExp): Promise<void> {
  try {
    await action();
  } catch (error) {
    assert.instance(error, StoreError);
    assert.is((error as StoreError).problem, problem);
    assert.match((error as StoreError).message, message);
    return;
  }
  assert.unreachable(`nothing was refused as ${problem}`);
}

test('a run id sorts by time and is a safe file name', () => {
  assert.is(runId('quick', EARLY), '2026-08-01T02-30-00Z-quick');
  assert.is(runId('../a b:c/', EARLY), '2026-08-01T02-30-00Z-a-b-c');
  assert.is(runId('..', EARLY), '2026-08-01T02-30-00Z-run');
  assert.ok(runId('z', EARLY) < runId('a', LATE));
});

test('a place where no folder can be made is refused by name', async () => {
  const file = join(temporaryFolder(), 'a-file');
  await writeFile(file, '');
  const dangling = join(temporaryFolder(), 'dangling');
  await symlink('/nonexistent/runs', dangling);
  // Below /proc the recursive mkdir of Node.js tries for ever.
  for (const root of [file, join(file, 'runs'), dangling, '/proc/zklab/runs'])
    await refused(
      () => createRun('a', EARLY, root),
      'unwritable',
      new RegExp(`^runs cannot be kept in ${root}: E(EXIST|NOTDIR|NOENT): .*; set ZKLAB_RUNS to a folder`),
    );
});

test('a document that --json printed is loaded by its path, and a missing one is named', async () => {
  const saved = join(temporaryFolder(), 'monday.json');
  await refused(() => loadRun(saved), 'missing', /monday\.json does not exist/);
  await writeFile(saved, JSON.stringify(minimalResult()));
  assert.equal(await loadRun(saved), minimalResult());
});

test('a written run is loaded unchanged by id, prefix, path and latest, and no draft is left', async () => {
  const root = temporaryFolder();
  const run = await createRun('quick', EARLY, root);
  const file = await run.write(minimalResult());
  for (const reference of [run.id, '2026-08-01', run.path, file, 'latest'])
    assert.equal(await loadRun(reference, root), minimalResult(), reference);
  assert.equal(await readdir(run.path), ['result.json']);
  assert.equal((await readdir(root)).sort(), [run.id, 'latest']);
});

test('latest follows the run written last; without the link it is the newest run', async () => {
  const root = temporaryFolder();
  const [early, late] = [await createRun('a', EARLY, root), await createRun('b', LATE, root)];
  await late.write(minimalResult());
  await early.write(minimalResult());
  assert.is(await readlink(join(root, 'latest')), early.id);
  assert.is(await findRun('latest', root), early.path);
  await rm(join(root, 'latest'));
  assert.is(await findRun('latest', root), late.path);
});

test('two runs in one second do not share a directory', async () => {
  const root = temporaryFolder();
  const ids = [await createRun('a', EARLY, root), await createRun('a', EARLY, root)].map(run => run.id);
  assert.equal(ids, ['2026-08-01T02-30-00Z-a', '2026-08-01T02-30-00Z-a-2']);
});

test('an invalid result is not written, and the previous one stays', async () => {
  const root = temporaryFolder();
  const run = await createRun('a', EARLY, root);
  await run.write(minimalResult());
  const broken = { ...minimalResult(), topologies: [] };
  await refused(() => run.write(broken), 'invalid', /topologies/);
  assert.equal(await loadRun(run.id, root), minimalResult());
});

test('a file beside the result must be in the folder of the run', async () => {
  const root = temporaryFolder();
  const run = await createRun('a', EARLY, root);
  for (const name of ['../x', 'a/b', '..', '.', 'a\\b'])
    await refused(() => run.writeText(name, ''), 'invalid', /not accepted as the name of a file/);
  await run.writeText('report.html', '<p>');
  assert.equal(await readdir(run.path), ['report.html']);
});

test('the error for a missing, ambiguous or unfinished run names the existing runs', async () => {
  const root = temporaryFolder();
  await refused(() => loadRun('latest', root), 'missing', /there is no run in .* yet; .*zklab claims/);
  const run = await createRun('a', EARLY, root);
  await createRun('b', EARLY, root);
  await refused(() => loadRun('quick', root), 'missing', /no run "quick".*which has .*-a, .*-b/);
  await refused(() => loadRun('2026', root), 'missing', /could be 2 runs/);
  await refused(() => loadRun(run.id, root), 'missing', /did not finish/);
});

test('an unreadable result is reported as damaged', async () => {
  const root = temporaryFolder();
  const run = await createRun('a', EARLY, root);
  await mkdir(join(run.path, 'result.json'));
  await refused(() => loadRun(run.id, root), 'damaged', /result\.json cannot be read: EISDIR/);
});

test('a damaged result is distinguished from one of another version', async () => {
  await refused(() => parseResult('{"a":', 'x.json'), 'damaged', /x\.json is not JSON/);
  for (const content of ['{}', 'null', '7', '"text"']) {
    await refused(() => parseResult(content, 'x.json'), 'damaged', /no schemaVersion/);
  }
  await refused(
    () => parseResult('{"schemaVersion":2}', 'x.json'),
    'other version',
    /schemaVersion 2.*reads 1/,
  );
  await refused(() => parseResult('{"schemaVersion":1}', 'x.json'), 'invalid', /run: .*\n {2}and \d+ more/s);
});

test('a damaged run is listed with its problem and hides no other, and a folder that is no run is not listed', async () => {
  const root = temporaryFolder();
  await (await createRun('good', EARLY, root)).write(minimalResult());
  const bad = '2026-08-01T02-31-00Z-bad';
  await mkdir(join(root, bad));
  await writeFile(join(root, bad, 'result.json'), '{');
  await mkdir(join(root, 'sim'));
  const listed = await listRuns(root);
  assert.equal(
    listed.map(run => [run.id, run.result !== null, run.problem !== null]),
    [
      ['2026-08-01T02-30-00Z-good', true, false],
      [bad, false, true],
    ],
  );
  assert.equal(await listRuns(join(root, 'nowhere')), []);
});
