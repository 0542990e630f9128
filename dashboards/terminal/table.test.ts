import { assert, suite } from '#test';
import { drawnResult, judgedResult } from '../../results/fixtures/minimal.ts';
import { fixtureResult } from '../fixtures/result.ts';
import { ledgerTable, terminalLook } from './table.ts';
import { wrap } from './wrap.ts';

const test = suite('dashboards: terminal');
// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what is looked for
const ESCAPES = /\x1b\[\d+m/g;

test('colours and width apply only on a terminal; NO_COLOR and a narrow terminal are respected', () => {
  assert.equal(terminalLook({}, {}), { widthColumns: 100, colour: false });
  assert.equal(terminalLook({ isTTY: true, columns: 80 }, {}), { widthColumns: 80, colour: true });
  assert.equal(terminalLook({ isTTY: true, columns: 80 }, { NO_COLOR: '1' }), {
    widthColumns: 80,
    colour: false,
  });
  assert.equal(terminalLook({ isTTY: true, columns: 80 }, { NO_COLOR: '' }).colour, true);
  assert.is(terminalLook({ isTTY: true, columns: 4 }, {}).widthColumns, 30);
  assert.is(terminalLook({ isTTY: true, columns: 400 }, {}).widthColumns, 120);
});

test('an interrupted run says so before its claims', () => {
  const validity = { void: false, reasons: [], interrupted: 'after 3 of 12 rounds of writes' };
  const [, second] = ledgerTable(
    { ...fixtureResult(), validity },
    { widthColumns: 100, colour: false },
  ).split('\n');
  assert.match(second!, /^Interrupted after 3 of 12 rounds of writes/);
});

test('no line is wider than the given width, with colours or without', () => {
  for (const widthColumns of [30, 47, 60, 80, 100, 120]) {
    for (const colour of [false, true]) {
      for (const line of ledgerTable(fixtureResult(), { widthColumns, colour }).split('\n'))
        assert.ok(line.replaceAll(ESCAPES, '').length <= widthColumns, `${widthColumns}: "${line}"`);
    }
  }
});

test('the ledger has every claim with verdict and warning, worst first, and no escape sequence when plain', () => {
  const result = fixtureResult();
  const text = ledgerTable(result, { widthColumns: 100, colour: false });
  const places = ['x fails', '! void', '~ not shown here', '- known failure', '+ holds'].map(mark =>
    text.indexOf(mark),
  );
  assert.ok(!places.includes(-1), text);
  assert.equal(
    places,
    [...places].sort((a, b) => a - b),
  );
  for (const claim of result.claims) assert.ok(text.includes(claim.id));
  assert.match(text, /warning: the leader and the observers share two cores/);
  assert.not.match(text, ESCAPES);
});

test('a number is said once, by the finding; a known failure is not red', () => {
  const result = fixtureResult();
  const text = ledgerTable(result, { widthColumns: 120, colour: true });
  const ledger = text.slice(text.indexOf('fails'));
  assert.not.match(ledger, /0\.914× \(/, 'the estimate is not repeated beside its finding');
  const line = text.split('\n').find(each => each.includes('known failure') && each.includes('003-3 '))!;
  assert.not.ok(line.includes('\x1b[31m'));
  assert.match(text, /Each of the 2 timed claims is judged by itself/);
});

test('wrap breaks at spaces and cuts a word that is too long', () => {
  assert.equal(wrap('aa bb cccccc', 5), ['aa bb', 'ccccc', 'c']);
  assert.equal(wrap('', 5), []);
});

test('judgements of checkers come worst first, each with its reasons', () => {
  const lines = ledgerTable(judgedResult(), { widthColumns: 60, colour: false }).split('\n');
  assert.is(lines[0], '3 checkers under 1 fault: 1 invalid, 1 unknown, 1 valid');
  assert.equal(lines.slice(-6, -1), [
    'x invalid        acknowledged writes: 80 compared',
    '                 /register7 lost operation 12',
    '~ unknown        sync freshness: 0 compared',
    '                 nothing to check',
    '+ valid          write order: 120 compared',
  ]);
});

test('what a checker measured stands behind its reasons', () => {
  const notes = ['writes at voter: 3 answers'];
  const judgements = [{ checker: 'availability', valid: 'valid' as const, checked: 3, reasons: [], notes }];
  const lines = ledgerTable({ ...judgedResult(), judgements }, { widthColumns: 100, colour: false });
  assert.match(
    lines,
    '+ valid          availability: 3 compared\n                 writes at voter: 3 answers',
  );
});

test('a counterexample has a line for each operation, in the order of their beginnings', () => {
  const lines = ledgerTable(drawnResult(), { widthColumns: 100, colour: false }).trimEnd().split('\n');
  assert.equal(lines.slice(-4), [
    'No order explains this: at first /register7 is in version 3.',
    '  client 1  |---|       11: setData "<b>" -> version 4',
    '  client 2    |----->   12: setData "c" -> ?',
    'x client 3        |-|   13: getData -> "a" version 3',
  ]);
});
