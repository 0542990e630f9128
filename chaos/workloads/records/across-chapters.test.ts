import { assert, suite } from '#test';
import { type Judgement, judge } from '../../checkers/judgement.ts';
import { acrossChapters } from './judge-record.ts';

const test = suite('workloads: judgements of several chapters');

const one = (...chapters: Judgement[][]) => acrossChapters(chapters)[0]!;

test('a run of one chapter is judged as it is', () => {
  const judgements = [{ ...judge('a', 3, []), notes: ['said'] }, judge('b', 0, [])];
  assert.equal(acrossChapters([judgements]), judgements);
});

test('what is wrong in one chapter is wrong, with the number of its chapter; counts add up', () => {
  const wrong = one([judge('a', 3, [])], [judge('a', 4, ['operation 7 is lost'])]);
  assert.equal(
    [wrong.valid, wrong.checked, wrong.reasons],
    ['invalid', 7, ['chapter 2: operation 7 is lost']],
  );
});

test('a chapter with nothing to check is no doubt when another one has; none at all is', () => {
  assert.equal(one([judge('a', 3, [])], [judge('a', 0, [])]), judge('a', 3, []));
  assert.equal(one([judge('a', 0, [])], [judge('a', 0, [])]), judge('a', 0, []));
});

test('a doubt about what was checked stays a doubt', () => {
  const doubt: Judgement = { checker: 'a', valid: 'unknown', checked: 5, reasons: ['too many orders'] };
  const found = one([judge('a', 3, [])], [doubt]);
  assert.equal([found.valid, found.checked, found.reasons], ['unknown', 8, ['chapter 2: too many orders']]);
});

test('a checker that only the last chapter has is heard', () => {
  const names = acrossChapters([
    [judge('a', 1, [])],
    [judge('a', 1, []), judge('liveness after heal', 1, [])],
  ]);
  assert.equal(
    names.map(({ checker, valid }) => [checker, valid]),
    [
      ['a', 'valid'],
      ['liveness after heal', 'valid'],
    ],
  );
});
