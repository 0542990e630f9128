import { assert, suite } from '#test';
import { comparisonSchema } from '../../results/comparison.ts';
import { fixtureComparison } from '../fixtures/comparison.ts';
import { renderComparison } from './html.ts';
import { comparisonText } from './text.ts';

const test = suite('dashboards: comparison');

test('the fixture is a valid comparison', () => {
  assert.is(comparisonSchema.safeParse(fixtureComparison()).success, true);
});

test('text: worse rows first, rows that cannot be judged last, every row with n and p, warnings at the end', () => {
  const text = comparisonText(fixtureComparison());
  const places = ['\nworse', '\nbetter', '\nno difference shown', '\ntoo few'].map(mark =>
    text.indexOf(mark),
  );
  assert.ok(!places.includes(-1), text);
  assert.equal(
    places,
    [...places].sort((a, b) => a - b),
  );
  assert.match(text, /4,860 \(4,779–4,941, n 10\) {2}0\.81× \(0\.786–0\.834\) {2}0\.012\n/);
  assert.match(text, /<0\.001/);
  assert.match(text, /none \(n 0\) +- +-\n/);
  assert.match(text, /warning: a has uncommitted changes\n$/);
});

test('text: in a narrow terminal each row is printed separately, and no line is wider than the terminal', () => {
  for (const width of [60, 80]) {
    const text = comparisonText(fixtureComparison(), width);
    for (const line of text.split('\n')) assert.ok(line.length <= width, `${width}: "${line}"`);
    assert.match(
      text,
      /\nworse: .*\n(.*\n)? {4}a {3}.*\n {4}b {3}4,860 .*\n {4}b\/a 0\.81× \(0\.786–0\.834\), p 0\.012\n/,
    );
  }
});

test('html: the count of each verdict in the heading, no script, names escaped', async () => {
  const page = await renderComparison({
    ...fixtureComparison(),
    a: { id: '<img>', label: '' },
  });
  assert.match(page, /4 compared: 1 worse, 1 better, 1 with no difference shown, 1 with too few samples/);
  assert.not.match(page, /<script|<img>/);
});

test('a ratio beyond the scale stays on it', async () => {
  const comparison = fixtureComparison();
  Object.assign(comparison.rows[0]!, { ratio: { value: 50, low: 0, high: 1000 } });
  const places = [...(await renderComparison(comparison)).matchAll(/(?:cx|x1|x2)="([^"]*)"/g)].map(match =>
    Number(match[1]),
  );
  assert.ok(places.length > 0 && places.every(place => place >= 0 && place <= 120), places.join());
});

test('what makes two runs incomparable stands before their rows, in the text and on the page (F8, F9)', async () => {
  const comparison = {
    ...fixtureComparison(),
    unlike: ['suite.load.valueBytes: 100 and 1000'],
    voidReasons: ['2026-08-02 is void: the driver was saturated'],
  };
  for (const text of [comparisonText(comparison), await renderComparison(comparison)]) {
    const first = text.indexOf('Does not count: 2026-08-02 is void');
    const second = text.indexOf('Not comparable: suite.load.valueBytes: 100 and 1000.');
    assert.ok(0 < first && first < second && second < text.search(/\nworse|Row by row/));
  }
});
