/** The runner as a program, on projects that are written for it. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { assert, suite, temporaryFolder, until } from '#test';
import { findTests } from './find-tests.ts';
import { longestFirst, type PastTimes, readPastTimes } from './past-times.ts';
import { groupMembers } from './process-group.ts';
import {
  head,
  here,
  keepUsual,
  passing,
  projectWith,
  RUNNER,
  runRunner,
  SLOW,
  skipping,
  throwing,
} from './written-project.test-kit.ts';

const test = suite('test runner');

const PROPERTIES = join(here, 'properties.js');

test('compiled tests without a source and files that are no tests are not found', () => {
  const root = projectWith({ 'a/kept.test': passing, 'b/late.ensemble.test': passing, 'a/fixture': passing });
  writeFileSync(join(root, 'dist', 'a', 'removed.test.js'), 'process.exit(1)');
  assert.equal(names(root, []), ['a/kept.test.ts', 'b/late.ensemble.test.ts']);
  assert.equal(names(root, ['late', 'nothing']), ['b/late.ensemble.test.ts']);
  assert.equal(names(root, ['nothing']), []);
});

test(
  'the last line counts tests, and the exit code follows it',
  async () => {
    const root = projectWith({ 'a.test': passing, 'b.ensemble.test': passing });
    const good = await runRunner(root, []);
    assert.is(good.lastLine, '2 passed, 0 failed');
    assert.is(good.exitCode, 0);
    assert.match(good.stdout, /^ok {3}a\.test\.ts \(1 passed, /m);

    const bad = await runRunner(projectWith({ 'a.test': passing, 'b.test': throwing }), []);
    assert.is(bad.lastLine, '1 passed, 1 failed');
    assert.is(bad.exitCode, 1);
    assert.match(bad.stdout, /=== b\.test\.ts[\s\S]*planted: from a written project/);

    const skipped = await runRunner(projectWith({ 'a.test': skipping }), []);
    assert.is(skipped.lastLine, '0 passed, 0 failed, 1 skipped');
    assert.is(skipped.exitCode, 0);
  },
  SLOW,
);

test(
  'the end of a long log repeats each failure with its reason in a few lines',
  async () => {
    const noisy = `${head}import { fc } from ${JSON.stringify(PROPERTIES)};
for (let line = 0; line < 200; line++) console.log('noise');
test('holds of every number', () => fc.assert(fc.property(fc.integer(), n => assert.ok(n < 0, n + ' is not')), { seed: 7 }));
test('matches', () => assert.match('what was said', /else/));
test('equals', () => assert.equal(Array.from({ length: 40 }, (_, i) => i), []));\n`;
    const root = projectWith({ 'a.test': throwing, 'noisy.test': noisy, 'z.test': 'process.exit(3)' });
    const { stdout, lastLine } = await runRunner(root, []);
    assert.is(lastLine, '0 passed, 5 failed');
    const end = stdout.split('\n').slice(-60).join('\n');
    assert.match(
      end,
      /^FAIL {2}a\.test\.ts: written: throws\n +planted: from a written project\n +at .*a\.test/m,
    );
    assert.match(end, /^FAIL {2}noisy\.test\.ts: written: holds of every number\n +Property failed/m);
    for (const said of [
      /seed: 7/,
      /Counterexample: \[\d+\]/,
      /cause: 0 is not/,
      /actual: what was said/,
      /more lines\)\n +at /,
    ])
      assert.match(end, said);
    assert.match(end, /^FAIL {2}z\.test\.ts: no test is declared; ended its process with exit code 3$/m);
    assert.not.match(end, 'noise\n');
  },
  SLOW,
);

test(
  'three unit files run at a time; beside two busy ensembles it is one',
  async () => {
    const journal = join(temporaryFolder(), 'journal');
    const noting = `${head}import { appendFileSync, readFileSync } from 'node:fs';
const journal = ${JSON.stringify(journal)};
const note = what => appendFileSync(journal, what + ' ');
const count = what => readFileSync(journal, 'utf8').split(what).length - 1;\n`;
    /** Each of so many ends when the others have begun. */
    const oneOf = (number: number) => `${noting}note('begins');
test('waits for the others', async () => {
  while (count('begins') < ${number}) await new Promise(go => setTimeout(go, 10));
  note('ends');
});\n`;
    const last = `${noting}test('begins when a place is free', () => note('last'));\n`;
    const unit = { 'w.test': oneOf(3), 'x.test': oneOf(3), 'y.test': oneOf(3), 'z.test': last };
    assert.is((await runRunner(projectWith(unit), ['--unit'])).lastLine, '4 passed, 0 failed');
    const journalOf = () => readFileSync(journal, 'utf8').trim();
    assert.match(journalOf(), /^(begins ){3}(ends ){1,3}last( ends)*$/);

    rmSync(journal);
    const both = {
      ...{ 'y.test': oneOf(3), 'z.test': last },
      ...{ 'a.ensemble.test': oneOf(3), 'b.ensemble.test': oneOf(3), 'c.ensemble.test': last },
    };
    assert.is((await runRunner(projectWith(both), [])).lastLine, '5 passed, 0 failed');
    assert.match(journalOf(), /^(begins ){3}(ends ){1,3}last /);
  },
  SLOW,
);

test(
  'four files with ensembles run beside each other when two cores are enough for them, and no busy one more',
  async () => {
    const journal = join(temporaryFolder(), 'journal');
    const noting = (
      name: string,
      body: string,
    ) => `${head}import { appendFileSync, readFileSync } from 'node:fs';
const journal = ${JSON.stringify(journal)};
test('notes', async () => {
  appendFileSync(journal, '${name} ');
  ${body}
});\n`;
    const untilBegun = (names: string) =>
      noting(
        names[0]!,
        `while (![...'${names.slice(1)}'].every(each => readFileSync(journal, 'utf8').includes(each))) await new Promise(go => setTimeout(go, 10));`,
      );
    const root = projectWith({
      'a.ensemble.test': untilBegun('abwv'),
      'b.ensemble.test': untilBegun('bawv'),
      'busy.ensemble.test': noting('last', ''),
      'waits.ensemble.test': noting('w', ''),
      'waits-too.ensemble.test': noting('v', ''),
    });
    keepUsual(root, {
      'a.ensemble.test.ts': [90, 72],
      'b.ensemble.test.ts': [80, 64],
      'busy.ensemble.test.ts': [70, 70],
      'waits.ensemble.test.ts': [100, 6],
      'waits-too.ensemble.test.ts': [95, 6],
    });
    assert.is((await runRunner(root, ['--ensemble'])).lastLine, '5 passed, 0 failed');
    assert.match(readFileSync(journal, 'utf8'), /^([abwv] ){4}last $/);
  },
  SLOW,
);

test(
  'the file that took longest in the last run starts first, and one that never ran before it',
  async () => {
    const root = projectWith({ 'a.test': passing, 'b.test': passing, 'c.test': passing });
    assert.is((await runRunner(root, ['a.test', 'b.test'])).lastLine, '2 passed, 0 failed');
    const [a, b] = ['a.test.ts', 'b.test.ts'];
    assert.equal(Object.keys(readPastTimes(root)).sort(), [a, b]);
    const orderAfter = (times: PastTimes) => longestFirst(findTests(root, []), times).map(({ name }) => name);
    const took = (tookMs: number) => ({ tookMs, cpuMs: 1 });
    assert.equal(orderAfter({ [a]: took(1), [b]: took(2) }), ['c.test.ts', b, a]);
    assert.equal(orderAfter({ [a]: took(2), [b]: took(1) }), ['c.test.ts', a, b]);
    keepUsual(root, { 'a.test.ts': [400, 9], 'c.test.ts': [3, 1] });
    const times = readPastTimes(root);
    assert.equal(times['c.test.ts'], { tookMs: 3_000, cpuMs: 1_000 }, 'it never ran here');
    assert.ok(times[a]!.tookMs < 400_000 && times[a]!.cpuMs > 1, 'it has run here');
    writeFileSync(join(root, 'dist', '.test-times.json'), '{');
    assert.is(readPastTimes(root)[a]?.tookMs, 400_000);
  },
  SLOW,
);

test(
  'an interrupted runner ends the test files it started',
  async () => {
    const pidFile = join(temporaryFolder(), 'pid');
    const hanging = `${head}import { writeFileSync } from 'node:fs';
writeFileSync(${JSON.stringify(pidFile)}, String(process.pid));
test('hangs', () => new Promise(() => {}));\n`;
    const runner = execa(process.execPath, [RUNNER], {
      cwd: projectWith({ 'a.test': hanging }),
      reject: false,
    });
    const what = { deadlineMs: 60_000, what: 'the test file to start' };
    const pid = await until(() => existsSync(pidFile) && Number(readFileSync(pidFile, 'utf8')), what);
    runner.kill('SIGTERM');
    assert.is((await runner).signal, 'SIGTERM');
    await until(() => groupMembers(pid).length === 0, {
      deadlineMs: 30_000,
      what: `process ${pid} to be gone`,
    });
  },
  SLOW,
);

test(
  'a pattern without files fails the run',
  async () => {
    const ran = await runRunner(projectWith({ 'a.test': passing }), ['no-such-file']);
    assert.is(ran.lastLine, '0 passed, 1 failed');
    assert.is(ran.exitCode, 1);
  },
  SLOW,
);

test(
  'a lane runs only its own files, and an unknown lane fails the run',
  async () => {
    const root = projectWith({ 'a.test': passing, 'b.ensemble.test': passing, 'c.ensemble.test': passing });
    assert.is((await runRunner(root, ['--unit'])).lastLine, '1 passed, 0 failed');
    assert.is((await runRunner(root, ['--ensemble'])).lastLine, '2 passed, 0 failed');
    assert.is((await runRunner(root, ['--ensemble', 'c.'])).lastLine, '1 passed, 0 failed');
    const misspelt = await runRunner(root, ['--units']);
    assert.is(misspelt.exitCode, 1);
    assert.match(misspelt.stdout, /accepts one of --unit and --ensemble, not --units\.\n0 passed, 1 failed/);
  },
  SLOW,
);

function names(root: string, filters: string[]): string[] {
  return findTests(root, filters).map(file => file.name);
}
