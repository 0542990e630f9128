import { assert, suite } from '#test';
import {
  type ComparisonDocument,
  comparisonDocumentSchema,
  type GateItem,
} from '../../results/comparison.ts';
import { fixtureComparison } from '../fixtures/comparison.ts';
import { comparisonHtml } from './html.ts';
import { attribute, comparisonJunit } from './junit.ts';
import { comparisonMarkdown, escaped } from './markdown.ts';
import { ratioChart, ratioScale } from './ratio-chart.ts';
import { comparisonText } from './text.ts';

const test = suite('dashboards: comparison');

const PLAIN = { widthColumns: 80, colour: false };
// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what is looked for
const ESCAPES = /\x1b\[\d+m/g;

function changed(change: Partial<ComparisonDocument['comparisons'][number]>): ComparisonDocument {
  const document = fixtureComparison();
  return { ...document, comparisons: document.comparisons.map(each => ({ ...each, ...change })) };
}

function gated(...items: GateItem[]): ComparisonDocument {
  return { ...fixtureComparison(), gate: { source: 'gate.yaml', items: [items] } };
}

const FAILED: GateItem = {
  section: 'claims',
  what: '004-2 must hold',
  outcome: 'failed',
  reason: 'fails: 0.8×',
  at: 'gate.yaml:3',
};

test('the fixture is a valid comparison', () => {
  comparisonDocumentSchema.parse(fixtureComparison());
});

test('the summary has ten lines of 80 columns: verdicts, counts, then one line for each family', () => {
  const [summary] = comparisonText(fixtureComparison(), PLAIN).split('\n\n');
  const lines = summary!.split('\n');
  assert.ok(lines.length <= 10, `${lines.length} lines:\n${summary}`);
  assert.equal(
    lines.map(line => line.split(/ +/)[0]),
    ['a', 'b', 'Differ', 'Claims', 'Counts', 'Writes', 'Reads', 'Latency', 'Sync', 'CPU/write'],
  );
  assert.match(summary!, /newly fails 004-2, 003-3; newly void 004-6; newly decided 000-2/);
  assert.match(summary!, /1 of 2 differs: leaderMessagesPerWrite 6 → 12 \(2×\), observers/);
  assert.match(summary!, /0\.81× \(0\.786–0\.834\) worse: observers, the clearest of 2/);
  assert.match(summary!, /no difference within 3 %: voters/);
  assert.match(summary!, /no difference shown, 33 % would have been: voters/);
});

test('counts that only one side has are no agreement', () => {
  const counts = fixtureComparison().comparisons[0]!.counts.map(count => ({
    ...count,
    b: null,
    ratio: null,
    verdict: 'only in a' as const,
  }));
  assert.match(comparisonText(changed({ counts }), PLAIN), /\nCounts +none in common; 3 only in a\n/);
});

test('no line is wider than the terminal, with colours or without', () => {
  for (const widthColumns of [40, 60, 80, 120])
    for (const colour of [false, true])
      for (const line of comparisonText(gated(FAILED), { widthColumns, colour }, true).split('\n'))
        assert.ok(line.replaceAll(ESCAPES, '').length <= widthColumns, `${widthColumns}: "${line}"`);
});

test('rows that are no primary metric are counted, and printed when asked for', () => {
  const folded = comparisonText(fixtureComparison(), PLAIN);
  assert.match(
    folded,
    /Other metrics, b\/a\n {4}2 rows: 1 worse, 1 with no difference shown; --all prints them/,
  );
  assert.not.match(folded, /99th percentile/);
  const all = comparisonText(fixtureComparison(), PLAIN, true);
  assert.match(all, /Write latency, 99th percentile/);
  assert.match(all, /-?2 % \(−9 to 5\)/);
});

test('a known failure that stays is not red, a new one is', () => {
  const red = (document: ComparisonDocument) =>
    comparisonText(document, { ...PLAIN, colour: true })
      .split('\n')
      .filter(line => line.includes('\x1b[31m'))
      .join('\n');
  assert.match(red(fixtureComparison()), /003-3/);
  const claims = fixtureComparison().comparisons[0]!.claims.filter(({ change }) => change === 'unchanged');
  assert.not.match(red(changed({ claims })), /Claims/);
});

test('what makes runs incomparable stands before their answer, in every form', async () => {
  const document = changed({
    voidReasons: ['2026-08-02 is void: the driver was saturated'],
    conditions: [{ what: 'suite.load.valueBytes', a: '100', b: '1000', matters: 'all' }],
    withheld: 'all',
  });
  for (const text of [
    comparisonText(document, { widthColumns: 120, colour: false }),
    comparisonMarkdown(document).replaceAll('\\', ''),
    await comparisonHtml(document),
  ]) {
    const first = text.indexOf('Does not count: 2026-08-02 is void');
    const second = text.indexOf(
      'Not comparable: suite.load.valueBytes: 100 and 1000. --anyway compares them.',
    );
    assert.ok(0 < first && first < second, text.slice(0, 500));
    assert.ok(!text.includes('Counts differ'));
  }
});

test('a comparison that was made anyway says so', () => {
  const document = changed({
    conditions: [{ what: 'CPU', a: 'old', b: 'new', matters: 'times' }],
    anyway: true,
  });
  assert.match(comparisonText(document, PLAIN), 'Compared anyway, although they differ: CPU: old and new.');
});

test('several comparisons: the summaries come first', () => {
  const document = fixtureComparison();
  const [one] = document.comparisons;
  const text = comparisonText({ ...document, comparisons: [one!, one!] }, PLAIN);
  assert.is(text.match(/^Writes /gm)!.length, 2);
  assert.ok(text.lastIndexOf('\nWrites ') < text.indexOf('Claims that changed'));
});

test('the gate has a line of its own, and names the place of the rule that failed', () => {
  const text = comparisonText(gated(FAILED, { ...FAILED, outcome: 'known' }), PLAIN);
  assert.match(text, /\nGate +failed: 1 of claims; 1 passed\n/);
  assert.match(text, /failed: 004-2 must hold: fails: 0\.8× \[gate\.yaml:3\]/);
  assert.match(
    comparisonText(gated({ ...FAILED, outcome: 'void' }), PLAIN),
    /\nGate +void: 1 of claims; 0 passed\n/,
  );
});

test('html: claims before counts before metrics, no script, names escaped', async () => {
  const document = fixtureComparison();
  document.comparisons[0]!.b.runs = ['<img src=x>'];
  document.comparisons[0]!.claims[0]!.title = '<script>alert(1)</script>';
  const page = await comparisonHtml(document);
  assert.not.match(page, /<script|<img/);
  const places = ['<h2>Claims', '<h2>Exact counts', '<h2>Primary metrics', '<h2>Other metrics'].map(mark =>
    page.indexOf(mark),
  );
  assert.ok(!places.includes(-1));
  assert.equal(
    places,
    [...places].sort((a, b) => a - b),
  );
});

test('half and double are equally far from no change, and what is beyond the scale is an arrow', () => {
  const [comparison] = fixtureComparison().comparisons;
  const [row] = comparison!.rows;
  const chartOf = (value: number, low: number | null, high: number | null, reach = 2) =>
    ratioChart({ ...row!, change: { scale: 'ratio', value, low, high, confidence: 0.98 } }, { reach }).text;
  const placeOf = (value: number) => Number(/cx="([\d.]+)"/.exec(chartOf(value, value, value))![1]);
  assert.ok(Math.abs(placeOf(2) - placeOf(1) - (placeOf(1) - placeOf(0.5))) < 0.2);
  assert.is((chartOf(1, 0.9, 1.1).match(/class="arrow"/g) ?? []).length, 0);
  assert.is((chartOf(1, 0.4, 1.1).match(/class="arrow"/g) ?? []).length, 1);
  assert.is((chartOf(1, null, null).match(/class="arrow"/g) ?? []).length, 2);
  assert.not.match(chartOf(50, 40, 60), /<circle/, 'a value beyond the scale is not drawn at its end');
  for (const place of chartOf(50, 0, 1e9).matchAll(/ (?:x1|x2)="([^"]*)"/g))
    assert.ok(Number(place[1]) >= 0 && Number(place[1]) <= 220, place[0]);
});

test('one wild row does not flatten the others: the scale shows four of five ends', () => {
  const rows = fixtureComparison().comparisons[0]!.rows.filter(({ change }) => change !== null);
  const wild = { ...rows[0]!, change: { ...rows[0]!.change!, value: 900, low: 500, high: 5_000 } };
  const calm = { ...rows[0]!, change: { ...rows[0]!.change!, value: 1.1, low: 1.05, high: 1.15 } };
  assert.is(ratioScale([calm, calm, calm, calm, wild]).reach, 1.2);
  assert.is(ratioScale([]).reach, 1.05);
});

test('markdown: text cannot format, link, call a person or leave its cell', () => {
  assert.is(
    escaped('a|b\n*c* `d` [e](f) <g> @me #5 https://x & \\'),
    'a\\|b \\*c\\* \\`d\\` \\[e\\](f) &lt;g&gt; &#64;me &#35;5 https&#58;//x &amp; \\\\',
  );
  const document = fixtureComparison();
  document.comparisons[0]!.claims[0]!.title = 'x | y\n| z';
  const lines = comparisonMarkdown(document).split('\n');
  const table = lines.filter(line => line.includes('newly fails |'));
  assert.ok(table.length > 0 && table.every(line => line.replaceAll('\\|', '').split('|').length === 6));
});

test('markdown: a comment stays below the limit of GitHub, and says that it was cut', () => {
  const document = fixtureComparison();
  const [comparison] = document.comparisons;
  const rows = Array.from({ length: 1_000 }, () => comparison!.rows[1]!);
  const text = comparisonMarkdown({ ...document, comparisons: [{ ...comparison!, rows }] });
  assert.ok(text.length < 65_536);
  assert.match(text, 'The rest is too long for a comment');
  assert.match(text, 'Claims that changed: 4');
});

test('junit: a case for each item, void is an error, known and undecided are skipped', () => {
  const outcomes = ['passed', 'known', 'undecided', 'failed', 'void'] as const;
  const xml = comparisonJunit(gated(...outcomes.map(outcome => ({ ...FAILED, outcome }))));
  assert.match(xml, '<testsuite name="claims" tests="5" failures="1" errors="1" skipped="2">');
  assert.match(xml, /<failure message="fails: 0\.8× \[gate\.yaml:3\]"\/>/);
  assert.match(xml, '<error message=');
  assert.throws(() => comparisonJunit(fixtureComparison()), /needs a gate/);
});

test('junit: attributes are escaped, and characters that XML does not have are replaced', () => {
  assert.is(attribute('<a b="c">&\n'), '&lt;a b=&quot;c&quot;&gt;&amp;&#10;');
  assert.is(attribute('a\u0000b\u001bc\ud800d\ufffee'), 'a\ufffdb\ufffdc\ufffdd\ufffde');
  assert.is(attribute('😀×'), '😀×');
});
