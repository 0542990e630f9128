/**
 * The runner against fixtures, each of which fails in a way that some runner lets pass. uvu itself exits with
 * 0 for a throwing before hook, a forgotten run, a pattern without files, and a thrown non-Error.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { assert, suite, temporaryFolder } from '#test';
import type { FileReport } from './file-report.ts';
import type { TestFile } from './find-tests.ts';
import { type RunOptions, runFiles } from './run-files.ts';
import { here, passing, projectWith, SLOW } from './written-project.test-kit.ts';

const test = suite('test runner: each way to fail');

const MAIN = join(here, 'test-main.js');
const FILE_DEADLINE_MS = 120_000;
/** Less than the runner grants: two fixtures leave something behind, and are waited for. */
const GRACE_MS = 2_000;

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
    graceMs: GRACE_MS,
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
