import { assert, suite } from '#test';
import { fc } from '#test/properties';
import { firstBad, type Tested } from './first-bad.ts';

const test = suite('chaos/nights: bisection');

test('the first bad commit is found in about log2 of their number of tests', async () => {
  const cases = fc
    .integer({ min: 1, max: 500 })
    .chain(length => fc.tuple(fc.constant(length), fc.nat(length - 1)));
  await fc.assert(
    fc.asyncProperty(cases, async ([length, first]) => {
      let tests = 0;
      const { bad, suspects } = await firstBad(
        Array.from({ length }, (_, at) => at),
        async at => {
          tests++;
          return at < first ? 'good' : 'bad';
        },
      );
      assert.equal([bad, suspects], [first, []]);
      assert.ok(tests <= Math.ceil(Math.log2(length)) + 1, `${tests} tests of ${length}`);
    }),
  );
});

test('commits that cannot be tested are passed over, and named when one of them may be the first bad one', async () => {
  const find = (...verdicts: Tested[]) => firstBad([...verdicts.keys()], async at => verdicts[at]!);
  assert.equal(await find('good', 'untestable', 'untestable', 'bad', 'bad'), { bad: 3, suspects: [1, 2] });
  assert.equal(await find('untestable', 'good', 'bad', 'untestable', 'bad'), { bad: 2, suspects: [] });
  assert.equal(await find('untestable', 'untestable', 'bad'), { bad: 2, suspects: [0, 1] });
});
