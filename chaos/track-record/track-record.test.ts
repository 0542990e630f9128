import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, suite } from '#test';
import { type Bug, missingTests, PAGE_FILE, readBugs, trackRecordPage } from './track-record.ts';

const test = suite('chaos: track record');
/** The source tree: tsc copies no YAML. */
const ROOT = join(import.meta.dirname, '../../..');

test('each bug is held by a test or a plan that is in the tree', () => {
  assert.equal(missingTests(readBugs(ROOT), ROOT), []);
});

test('the page is what the data make of it', () => {
  assert.is(readFileSync(join(ROOT, PAGE_FILE), 'utf8'), trackRecordPage(readBugs(ROOT)));
});

test('planted: a test that was renamed, a file and a plan that are gone are named', () => {
  const [first] = readBugs(ROOT);
  const with_ = (more: Partial<Bug>): Bug => ({ ...first!, ...more });
  const { file } = first!.test!;
  const missing = missingTests(
    [
      with_({ test: { file, name: 'no such test' } }),
      with_({ test: { file: 'gone.test.ts', name: 'x' } }),
      with_({ plan: 'gone.plan.json' }),
    ],
    ROOT,
  );
  assert.equal(
    missing.map(text => text.slice(first!.seen.length + 1)),
    [`${file} has no "no such test"`, 'gone.test.ts does not exist', 'gone.plan.json does not exist'],
  );
});

test('the newest comes first, and no text breaks out of its cell', () => {
  const bug = (on: string, seen: string): Bug => ({
    ...{ seen, cause: 'a | b', in: 'server', found: { by: 'sim', how: 'seed 1', on } },
    plan: 'p.json',
  });
  const page = trackRecordPage([bug('2026-01-01', 'old'), bug('2026-02-01', 'new')]);
  assert.ok(page.indexOf('| new |') < page.indexOf('| old |'));
  assert.match(page, /a \\\| b/);
});
