/** Nothing measured is lost when it cannot be stored, and such a run does not end with 0. */
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { assert, suite, temporaryFolder } from '#test';
import { minimalResult } from '../results/fixtures/minimal.ts';
import type { Result } from '../results/schema.ts';
import { present } from './present.ts';
import { type RecordedRun, recordRun } from './recorded-run.ts';

const test = suite('bench: present');
const views = { report: async () => '<!doctype html>', table: () => 'the table\n' };

interface Said {
  readonly out: string[];
  readonly errors: string[];
  readonly code: number;
}

async function presented(
  root: string,
  json: boolean,
  measure: (run: RecordedRun) => Result,
  report = views.report,
): Promise<Said> {
  const [out, errors]: string[][] = [[], []];
  const terminal = {
    print: (text: string) => void out!.push(text),
    progress: () => {},
    json: (document: unknown) => void out!.push(JSON.stringify(document)),
    error: (text: string) => void errors!.push(text),
    end: () => {},
  };
  const { signal } = new AbortController();
  const code = await recordRun(terminal, { name: 'x', json, root }, run =>
    present(run, { terminal, views: { ...views, report }, json, signal, nothingJudged: '' }, async () =>
      measure(run),
    ),
  );
  return { out: out!, errors: errors!, code };
}

test('a result that cannot be stored is printed as a document, and the run has failed', async () => {
  for (const json of [false, true]) {
    const { out, errors, code } = await presented(temporaryFolder(), json, run => {
      // Where the result should be is a folder.
      mkdirSync(join(run.path, 'result.json'));
      return minimalResult();
    });
    assert.is(code, 1);
    assert.match(errors.join(), /the result could not be stored, so it is printed: E/);
    assert.equal(JSON.parse(out.join('\n').trim().split('\n').at(-1)!), minimalResult());
  }
});

test('a result that is not valid is still printed', async () => {
  const { out, errors, code } = await presented(temporaryFolder(), false, () => {
    const result = minimalResult();
    result.measurements[0]!.samples[0]!.value = Number.POSITIVE_INFINITY;
    return result;
  });
  assert.is(code, 1);
  assert.match(errors.join(), 'is not a valid result');
  assert.match(out.join(), '"schemaVersion":1');
});

test('a report that cannot be written costs neither the result nor the answer', async () => {
  const { out, errors, code } = await presented(temporaryFolder(), false, minimalResult, async () => {
    throw new Error('the disk is full');
  });
  assert.is(code, 1);
  assert.match(errors.join(), 'the report could not be written: the disk is full');
  assert.match(out.join(), /the table\n\nresult: .*result\.json/);
});

test('a folder of the run that somebody removed meanwhile is made again', async () => {
  const root = temporaryFolder();
  const { out, errors } = await presented(root, false, () => {
    rmSync(root, { recursive: true });
    return minimalResult();
  });
  assert.equal(errors, []);
  const file = /^result: (.*)$/m.exec(out.join())?.[1];
  assert.is(JSON.parse(readFileSync(file!, 'utf8')).schemaVersion, 1);
});
