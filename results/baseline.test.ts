/** The runs of results/baseline/ are what its README says, and the present code reads them. */
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, suite, temporaryFolder } from '#test';
import { minimalResult } from './fixtures/minimal.ts';
import { loadRun } from './store.ts';

const test = suite('results: the baseline');
const BASELINE = join(import.meta.dirname, '../../results/baseline');
const FILES = ['report.html', 'result.json'];
const BYTES_MAX = 16e6;

/** What is wrong with the runs of a folder, a line each. */
async function problemsOf(folder: string): Promise<string[]> {
  const readme = readFileSync(join(folder, 'README.md'), 'utf8').split('\nTo be made')[0]!;
  const entries = readdirSync(folder, { withFileTypes: true }).filter(entry => entry.isDirectory());
  const problems = entries.map(async ({ name }) => {
    const run = join(folder, name);
    const files = readdirSync(run).sort();
    const bytes = files.reduce((sum, file) => sum + statSync(join(run, file)).size, 0);
    const unread = await loadRun(run).then(
      () => [],
      (error: Error) => [`${name}: ${error.message}`],
    );
    return [
      ...unread,
      ...(files.join() === FILES.join() ? [] : [`${name}: it has ${files.join()}`]),
      ...(bytes <= BYTES_MAX ? [] : [`${name}: it has ${bytes} bytes`]),
      ...(readme.includes(`| \`${name}\` |`) ? [] : [`${name}: it has no row in the README`]),
    ];
  });
  return (await Promise.all(problems)).flat();
}

test('every run of the baseline can be read, and has its two files and its row', async () => {
  assert.equal(await problemsOf(BASELINE), []);
});

test('planted: a run of another schema, with a log, without a row', async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'README.md'), '| `good` | |\n\nTo be made\n\n| `old` | |\n');
  for (const [name, schemaVersion] of [
    ['good', 1],
    ['old', 0],
  ] as const) {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, 'report.html'), '');
    writeFileSync(join(folder, name, 'result.json'), JSON.stringify({ ...minimalResult(), schemaVersion }));
  }
  writeFileSync(join(folder, 'old', 'v1.log'), '');
  const found = await problemsOf(folder);
  assert.is(found.length, 3, found.join('\n'));
  assert.match(found[0]!, /^old: .*result\.json/);
  assert.match(found[1]!, /^old: it has report\.html,result\.json,v1\.log/);
  assert.match(found[2]!, /^old: it has no row/);
});
