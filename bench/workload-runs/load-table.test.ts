import { assert, suite } from '#test';
import { loadTable } from './load-table.ts';
import { loadResult, operationRow } from './workload-runs.test-kit.ts';

const test = suite('workload runs: the table of a load');

test('the table has a row for each operation, no percentile of too few samples, and every failure by its code', () => {
  const many = Array.from({ length: 1_200 }, (_, i) => 1 + i / 1_000);
  const text = loadTable(
    loadResult({
      operations: [
        operationRow('getData', many),
        operationRow('lock', [5, 6], { okInWindow: 1, errors: { NONODE: 3 }, unknown: 1 }),
      ],
      voidReasons: ['driver saturated'],
    }),
  );
  assert.match(text, /getData +1200 +600 +1\.60 +2\.1\d +2\.19 +2\.20 +0\n/);
  assert.match(text, /lock +2 +0\.5 +- +- +- +6\.00 +3 NONODE, 1 without an answer\n/);
  assert.match(text, /from the intended start to the reply/);
  assert.match(text, /^void: driver saturated$/m);
});
