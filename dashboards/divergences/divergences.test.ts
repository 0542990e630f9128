import { assert, suite } from '#test';
import { divergencesOf } from '../../results/divergences.ts';
import type { Claim, Result } from '../../results/schema.ts';
import { fixtureResult } from '../fixtures/result.ts';
import { divergencesHtml } from './html.ts';
import type { DivergencePair } from './sides.ts';
import { divergencesText } from './text.ts';

const test = suite('dashboards: divergences of two servers');

function runOf(
  implementation: 'zklab' | 'apache',
  verdicts: Readonly<Record<string, Claim['verdict']>>,
): Result {
  const base = fixtureResult();
  const [claim] = base.claims;
  return {
    ...base,
    environment: { ...base.environment, server: { implementation, version: '1.0' } },
    claims: Object.entries(verdicts).map(([id, verdict]) => {
      const { known: _, ...rest } = claim!;
      return { ...rest, id, title: `title of ${id} <b>`, verdict, reason: `because of ${implementation}.` };
    }),
  };
}

function pairOf(a: Result, b: Result): DivergencePair {
  return { a, b, divergences: divergencesOf(a, b) };
}

const PAIR = pairOf(
  runOf('zklab', { '004-1': 'holds', '000-4': 'holds', '003-3': 'holds' }),
  runOf('apache', { '004-1': 'holds', '000-4': 'not shown here', '003-3': 'fails' }),
);

test('the terminal says how often the servers differ, then where and why, in 80 columns', () => {
  const text = divergencesText(PAIR, 80);
  for (const line of text.split('\n')) assert.ok(line.length <= 80, line);
  const flat = text.replace(/\s+/g, ' ');
  assert.match(
    flat,
    '3 claims: 1 hold on one and fail on the other, 1 decided on zklab 1.0 alone, 0 on apache 1.0 alone',
  );
  assert.match(
    flat,
    /Opposite verdicts 003-3 .* zklab 1\.0: holds\. .* apache 1\.0: fails\. because of apache\./,
  );
  assert.match(flat, /Alike on both 004-1 title of 004-1 <b>: holds/);
  assert.ok(flat.indexOf('003-3') < flat.indexOf('000-4') && flat.indexOf('000-4') < flat.indexOf('004-1'));
});

test('the page has every claim with both verdicts, and escapes what a result says', async () => {
  const page = await divergencesHtml(PAIR);
  for (const id of ['004-1', '000-4', '003-3']) assert.match(page, `<b>${id}</b> title of ${id} &lt;b&gt;`);
  assert.match(page, 'Decided on zklab 1.0 alone');
});

test('runs of one server are told apart by their names; void runs and other suites are said first', () => {
  const [a, b] = [runOf('zklab', { x: 'holds' }), runOf('zklab', { x: 'fails' })];
  const other = {
    ...b,
    run: { ...b.run, id: 'other-run', suite: 'full' },
    validity: { void: true, reasons: ['no proxies'] },
  };
  const text = divergencesText(pairOf(a, other)).replace(/\s+/g, ' ');
  assert.match(text, 'The run of zklab, other-run, does not count: no proxies.');
  assert.match(text, `The runs are of different suites, ${a.run.suite} and full`);
  assert.match(text, 'zklab 1.0, other-run: fails');
});
