import { assert, suite } from '#test';
import { fc } from '#test/properties';
import { type Label, labelRows } from './label-rows.ts';

const test = suite('dashboards: rows of labels');

test('labels with enough room share a row, and one without room goes into the next', () => {
  const at = (startPx: number) => ({ startPx, widthPx: 100 });
  assert.equal(labelRows([]), []);
  assert.equal(labelRows([at(0), at(120), at(240)]), [0, 0, 0]);
  assert.equal(labelRows([at(0), at(50), at(60), at(120), at(160)]), [0, 1, 2, 0, 1]);
});

test('no label covers another, and none is higher than necessary', () => {
  const label = fc.record({ startPx: fc.nat({ max: 600 }), widthPx: fc.integer({ min: 1, max: 300 }) });
  const overlaps = (a: Label, b: Label) =>
    a.startPx < b.startPx + b.widthPx && b.startPx < a.startPx + a.widthPx;
  fc.assert(
    fc.property(fc.array(label, { maxLength: 12 }), unsorted => {
      const labels = unsorted.sort((a, b) => a.startPx - b.startPx);
      const rows = labelRows(labels);
      for (const [i, a] of labels.entries())
        for (const [j, b] of labels.entries())
          if (i < j && rows[i] === rows[j])
            assert.not(overlaps(a, b), `${i} and ${j} of ${JSON.stringify(labels)}`);
      for (const [i, row] of rows.entries())
        assert.ok(row === 0 || rows.slice(0, i).includes(row - 1), `row ${row} above nothing`);
    }),
  );
});
