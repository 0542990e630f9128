/**
 * The runner against fixtures, each of which fails in a way that some runner lets pass. uvu itself exits with
 * 0 for a throwing before hook, a forgotten run, a pattern without files, and a thrown non-Error.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { assert, suite, temporaryFolder, until } from '#test';
import type { FileReport } from './file-report.ts';
import { findTests, type TestFile } from './find-tests.ts';
import { longestFirst, type PastTimes, readPastTimes } from './past-times.ts';
import { groupMembers } from './process-group.ts';
import { type RunOptions, runFiles } from './run-files.ts';

const test = suite('test runner');
const here = dirname(fileURLToPath(import.meta.url));
const RUNNER = join(here, 'runner.js');
const MAIN = join(here, 'test-main.js');
const HARNESS = join(here, 'harness.js');
const PROPERTIES = join(here, 'properties.js');
const FILE_DEADLINE_MS = 120_000;
/** Each test starts processes, on a machine that may be busy. */
const SLOW = { deadlineMs: 180_000 };

function fixture(name: string): TestFile {
  return { name: `${name}.ts`, path: join(here, 'fixtures', `${name}.js`), ensemble: false };
}

/** In the same process, as long as that is possible. */
function runOneAfterTheOther(
  files: readonly TestFile[],
  options: Partial<RunOptions> = {},
): Promise<FileReport[]> {
  const env = { ZKLAB_REQUIRE_PEERS: '' };
  return runFiles(files, {
    deadlineMs: FILE_DEADLINE_MS,
    filesAtATime: 1,
    shareProcesses: true,
    env,
    ...options,
  });
}

async function runFixture(name: string, options: Partial<RunOptions> = {}): Promise<FileReport> {
  const [report] = await runOneAfterTheOther([fixture(name)], options);
  assert.ok(report);
  return report;
}

const PASSING = [
  'plain-pass',
  'sets-variables',
  'sees-no-variables',
  'hooks-in-order',
  'orphan-that-ended',
  'declared-behind-an-await',
];

/** Fixture, number of tests that pass and fail, and what must be reported. */
const FAILING: [name: string, passed: number, failed: number, said: RegExp][] = [
  ['throwing-before', 0, 2, /before hook: Error: planted: before/],
  ['throwing-after', 1, 1, /after hook: Error: planted: after/],
  ['throwing-before-each', 0, 1, /fails without its ground/],
  ['throwing-after-each', 0, 2, /is still run/],
  ['throwing-at-load', 0, 1, /could not be run: Error: planted: at load/],
  ['forgotten-run', 0, 0, /no test is declared/],
  ['no-tests', 0, 1, /no test is declared/],
  ['empty-suite-beside-full', 1, 1, /no test is declared in this suite/],
  ['late-declaration', 0, 1, /declares another/],
  ['early-exit', 1, 0, /3 tests declared, 1 run\nended its process with exit code 1/],
  ['early-exit-at-load', 0, 0, /1 tests declared, 0 run\nended its process with exit code 1/],
  ['early-exit-in-the-last-hook', 1, 0, /^ended its process with exit code 1$/],
  ['killed', 0, 0, /no result line: the process died\nended by SIGKILL/],
  ['unhandled-rejection', 1, 1, /nobody caught: planted: unhandled/],
  ['rejection-after-the-end', 1, 1, /nobody caught: planted: too late/],
  ['open-socket', 1, 1, /still open after the last test: TCPServerWrap$/],
  ['test-past-its-deadline', 1, 1, /waits for ever/],
  ['orphan', 1, 0, /left a process behind/],
  ['throws-a-string', 0, 3, /throws undefined/],
  ['unprintable-difference', 1, 1, /compares a symbol/],
];

let inOneRow: Promise<FileReport[]> | undefined;

/** All fixtures above, each failing one between files that pass. */
function reportsInOneRow(): Promise<FileReport[]> {
  inOneRow ??= runInOneRow();
  return inOneRow;
}

function runInOneRow(): Promise<FileReport[]> {
  const neighbours = FAILING.map(([name]) => `after-${name}.test`);
  const root = projectWith(Object.fromEntries(neighbours.map(name => [name, passing])));
  const files = FAILING.flatMap(([name], index) => [
    fixture(name),
    { name: 'neighbour', path: join(root, 'dist', `${neighbours[index]}.js`), ensemble: false },
  ]);
  return runOneAfterTheOther([...PASSING.map(fixture), ...files]);
}

test(
  'files that pass have no complaint, whatever ran before them in their process',
  async () => {
    const reports = await reportsInOneRow();
    const passed = reports.filter(({ file }) => !FAILING.some(([name]) => file.name === `${name}.ts`));
    assert.is(passed.length, PASSING.length + FAILING.length);
    for (const { file, complaints, result, output } of passed) {
      assert.equal(complaints, [], `${file.name}: ${output}`);
      assert.is(result.declared, file.name === 'neighbour' ? 1 : 2, file.name);
      assert.is(result.passed, result.declared, file.name);
      assert.not.match(output, 'planted');
    }
  },
  SLOW,
);

for (const [name, passed, failed, said] of FAILING) {
  test(
    `fails: ${name}`,
    async () => {
      const report = (await reportsInOneRow()).find(({ file }) => file.name === `${name}.ts`);
      assert.ok(report);
      const complaints = report.complaints.join('\n');
      assert.match(complaints, said, `complaints were: ${complaints}\noutput: ${report.output}`);
      assert.is(report.result.passed, passed, report.output);
      assert.is(report.result.failed.length, failed, report.output);
    },
    SLOW,
  );
}

test(
  'an error long after the end of a file names that file, though another one is running',
  async () => {
    const [first, second] = await runOneAfterTheOther([
      fixture('throws-when-it-is-over'),
      fixture('waits-for-a-crash'),
    ]);
    assert.equal(first?.complaints, []);
    assert.match(
      second?.complaints.join('\n') ?? '',
      /throws-when-it-is-over, which ran before, did not catch: planted: a timer/,
    );
  },
  SLOW,
);

test(
  'a file that holds its thread is killed at the deadline of the file',
  async () => {
    const report = await runFixture('busy-loop', { deadlineMs: 500 });
    assert.match(report.complaints.join('\n'), /killed: the file did not end within 500 ms/);
  },
  SLOW,
);

test(
  'the detail of a failure names what was thrown',
  async () => {
    const report = await runFixture('throws-a-string');
    assert.match(report.output, /planted: a string/);
    assert.match(report.output, /planted: no stack/);
  },
  SLOW,
);

test(
  'a test without its peer is skipped with the reason',
  async () => {
    const report = await runFixture('needs-a-peer');
    assert.equal(report.complaints, []);
    assert.is(report.result.passed, 1);
    assert.match(
      report.result.skipped[0]?.reason ?? '',
      /^no-such-peer is not on this machine \(shows what a skip/,
    );
  },
  SLOW,
);

test(
  'the processes of a lane have its niceness, and so has what they start',
  async () => {
    const report = await runFixture('says-how-nice-it-is', { niceness: 7 });
    assert.match(report.output, /^nice: 7, its child: 7$/m);
  },
  SLOW,
);

test(
  'ZKLAB_REQUIRE_PEERS=1 makes that skip a failure',
  async () => {
    const report = await runFixture('needs-a-peer', { env: { ZKLAB_REQUIRE_PEERS: '1' } });
    assert.is(report.result.failed.length, 1);
    assert.is(report.result.skipped.length, 0);
    assert.match(report.output, /no-such-peer is not on this machine .* ZKLAB_REQUIRE_PEERS=1/);
  },
  SLOW,
);

test(
  'temporary folders go when the file passed, and stay and are named when it failed',
  async () => {
    const path = join(here, 'fixtures', 'keeps-its-folder.js');
    for (const fails of ['0', '1']) {
      const env = { FIXTURE_FAILS: fails, TMPDIR: temporaryFolder() };
      const ran = await execa(process.execPath, [MAIN, path], { reject: false, env });
      const folders = [...ran.stdout.matchAll(/^folder: (.+)$/gm)].map(([, folder]) => folder ?? '');
      assert.is(folders.length, 2);
      for (const folder of folders) {
        assert.is(existsSync(folder), fails === '1');
        assert.is(ran.stderr.includes(`kept: ${folder}`), fails === '1');
      }
    }
  },
  SLOW,
);

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
  'three unit files run at a time; beside ensembles it is two of each',
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
      ...{ 'x.test': oneOf(4), 'y.test': oneOf(4), 'z.test': last },
      ...{ 'a.ensemble.test': oneOf(4), 'b.ensemble.test': oneOf(4), 'c.ensemble.test': last },
    };
    assert.is((await runRunner(projectWith(both), [])).lastLine, '6 passed, 0 failed');
    assert.match(journalOf(), /^(begins ){4}(ends ){1,4}last /);
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
    assert.equal(orderAfter({ [a]: 1, [b]: 2 }), ['c.test.ts', b, a]);
    assert.equal(orderAfter({ [a]: 2, [b]: 1 }), ['c.test.ts', a, b]);
    mkdirSync(join(root, '.ci', 'test'), { recursive: true });
    writeFileSync(join(root, '.ci', 'test', 'usual-seconds.json'), '{ "a.test.ts": 400, "c.test.ts": 3 }');
    const times = readPastTimes(root);
    assert.is(times['c.test.ts'], 3_000, 'it never ran here');
    assert.ok(times[a]! < 400_000, 'it has run here');
    writeFileSync(join(root, 'dist', '.test-times.json'), '{');
    assert.equal(readPastTimes(root), { [a]: 400_000, 'c.test.ts': 3_000 });
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

const head = `import { assert, requirePeer, suite } from ${JSON.stringify(HARNESS)};\nconst test = suite('written');\n`;
const passing = `${head}test('passes', () => {});\n`;
const throwing = `${head}test('throws', () => { throw new Error('planted: from a written project'); });\n`;
const skipping = `${head}test('skips', () => requirePeer('nothing', false, 'is asked for'));\n`;

/** A project root with sources and their compiled files, which are the same text. */
function projectWith(files: Record<string, string>): string {
  const root = temporaryFolder();
  writeFileSync(join(root, 'package.json'), '{ "type": "module" }');
  for (const [name, text] of Object.entries(files)) {
    for (const path of [join(root, `${name}.ts`), join(root, 'dist', `${name}.js`)]) {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
    }
  }
  return root;
}

function names(root: string, filters: string[]): string[] {
  return findTests(root, filters).map(file => file.name);
}

async function runRunner(root: string, filters: string[]) {
  const env = { ZKLAB_REQUIRE_PEERS: '' };
  const ran = await execa(process.execPath, [RUNNER, ...filters], { cwd: root, reject: false, env });
  return { exitCode: ran.exitCode, stdout: ran.stdout, lastLine: ran.stdout.trimEnd().split('\n').at(-1) };
}
