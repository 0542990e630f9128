import { assert, suite } from '#test';
import { minimalResult } from '../results/fixtures/minimal.ts';
import { type MatrixComparison, type Result, resultSchema } from '../results/schema.ts';
import { exitCodeOf } from '../results/verdicts.ts';
import { findingText, matrixLine, matrixTables } from './matrix-rows.ts';
import { renderReport } from './report/render.ts';
import { ledgerTable } from './terminal/table.ts';

const test = suite('dashboards: a matrix run');

const LABELS = ['b100', 'kB1', 'kB10'];

/** INVENTED: three sizes of writes, each compared with the first. */
function matrixResult(): Result {
  const { measurements, ...result } = minimalResult();
  const cells = LABELS.map((condition, index) => ({
    ...{ id: `voters, ${condition}`, topology: 'voters', condition, tags: [condition] },
    coordinates: { topology: 'voters', workload: condition },
    control: index === 0 ? null : 'voters, b100',
  }));
  const compared = (cell: string, more: Pick<MatrixComparison, 'finding' | 'detectable'>, value: number) => ({
    ...{ metric: 'writeThroughput', cell: `voters, ${cell}`, control: 'voters, b100', ...more },
    ratio: { value, low: value - 0.1, high: value + 0.1, n: 6, unit: 'ratio' },
  });
  return {
    ...result,
    claims: [],
    measurements: LABELS.map(condition => ({ ...measurements[0]!, id: condition, condition })),
    matrix: {
      axes: [{ name: 'workload', values: LABELS }],
      cells,
      marginPercent: 3,
      comparisons: [
        compared('kB1', { finding: 'not shown', detectable: 1.2 }, 0.95),
        compared('kB10', { finding: 'worse' }, 0.5),
      ],
    },
  };
}

test('a matrix is a valid result, and one that was measured is neither void nor failed', () => {
  assert.is(resultSchema.safeParse(matrixResult()).success, true);
  assert.is(exitCodeOf(matrixResult()), 0);
  const unmeasured = { void: false, reasons: [], unmeasured: ['one cell'] };
  assert.is(exitCodeOf({ ...matrixResult(), validity: unmeasured }), 3);
  const stray = matrixResult();
  stray.matrix!.comparisons[0]!.control = 'nobody';
  assert.is(resultSchema.safeParse(stray).success, false);
});

test('each metric has its cells in the order of the suite, each beside its control', () => {
  const [table] = matrixTables(matrixResult());
  assert.is(table!.metric.name, 'writeThroughput');
  assert.equal(
    table!.rows.map(({ cell, comparison }) => [cell.id, comparison?.finding]),
    [
      ['voters, b100', undefined],
      ['voters, kB1', 'not shown'],
      ['voters, kB10', 'worse'],
    ],
  );
});

test('the headline counts findings, and a ratio that was not shown says what would have been', () => {
  const { matrix } = matrixResult();
  assert.is(matrixLine(matrix!), '3 cells in 2 comparisons: 1 worse, 1 not shown');
  const [noisy, worse] = matrix!.comparisons;
  assert.is(findingText(noisy!, 3), 'not shown: 1.2× would be');
  assert.is(findingText(worse!, 3), 'worse');
  assert.is(findingText({ ...worse!, finding: 'same' }, 3), 'within 3 %');
});

test('the terminal has a table that fits its width, and the report a section without a ledger', async () => {
  const wide = ledgerTable(matrixResult(), { widthColumns: 120, colour: false });
  assert.match(wide, /^3 cells in 2 comparisons/);
  assert.match(wide, /voters, kB10 .* voters, b100 +0\.5× \(0\.4–0\.6\) +worse/);
  for (const widthColumns of [30, 50, 80])
    for (const line of ledgerTable(matrixResult(), { widthColumns, colour: false }).split('\n'))
      assert.ok(line.length <= widthColumns, `${widthColumns}: "${line}"`);
  const page = await renderReport(matrixResult());
  assert.match(page, 'id="matrix"');
  assert.match(page, /aria-label="interval 0\.4–0\.6, no difference between 0\.971× and 1\.03×"/);
  assert.not.match(page, 'id="claims"');
});
