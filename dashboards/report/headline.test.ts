import { assert, suite } from '#test';
import { fixtureResult } from '../fixtures/result.ts';
import { answerOf } from './headline.ts';
import { noticesOf, remarksOf } from './notices.ts';

const test = suite('dashboards: headline');

test('verdicts are counted, worst first, and known failures are told from new ones', () => {
  assert.is(
    answerOf(fixtureResult()).verdicts,
    '6 claims: 1 fails, 1 void, 1 not shown here, 1 known failure, 2 hold',
  );
  const result = fixtureResult();
  for (const claim of result.claims) claim.verdict = 'fails';
  for (const claim of result.claims.slice(0, 2)) claim.known = 'not built yet';
  assert.is(answerOf(result).verdicts, '6 claims: 3 fail, 3 known failures');
});

test('a void run says so before anything else', () => {
  const result = { ...fixtureResult(), validity: { void: true, reasons: ['the driver was saturated'] } };
  assert.is(answerOf(result).verdicts, 'This run is void: the driver was saturated');
  const reasons = Array.from({ length: 9 }, (_, at) => `round ${at}: the driver was saturated`);
  const often = { ...result, validity: { void: true, reasons } };
  assert.is(
    answerOf(often).verdicts,
    'This run is void: round 0: the driver was saturated (and 8 more reasons)',
  );
  assert.is(noticesOf(often)[0], 'Void as well: round 1: the driver was saturated.');
  assert.is(noticesOf(often).at(-1), 'Void as well: 2 more, which result.json names.');
});

test('an interrupted run counts its verdicts and says how far it came', () => {
  const validity = { void: false, reasons: [], interrupted: 'after 3 of 12 rounds of writes' };
  const answer = answerOf({ ...fixtureResult(), validity });
  assert.match(answer.verdicts, /^6 claims: /);
  assert.match(
    noticesOf({ ...fixtureResult(), validity })[0]!,
    /^Interrupted after 3 of 12 rounds of writes: only these rounds are judged/,
  );
  assert.equal(noticesOf(fixtureResult()), []);
});

test('what was asked for and not measured stands before the verdicts, and a long list is cut', () => {
  const unmeasured = Array.from({ length: 9 }, (_, at) => `place ${at}: round 2: o1 ended by itself`);
  const notices = noticesOf({ ...fixtureResult(), validity: { void: false, reasons: [], unmeasured } });
  assert.is(notices[0], 'Asked for and not measured: place 0: round 2: o1 ended by itself.');
  assert.match(notices.at(-1)!, /^Asked for and not measured: 3 more/);
});

test('the headline has the number, interval and control of the ledger, in the words of the claim', () => {
  const result = fixtureResult();
  const { topics } = answerOf(result);
  assert.equal(
    topics.map(({ about, sentences }) => [about, ...sentences.map(({ claim }) => claim)]),
    [
      ['Observers', '004-2', '004-5'],
      ['Reads through an outage', '003-3'],
    ],
  );
  const [flat] = topics[0]!.sentences;
  const claim = result.claims.find(({ id }) => id === '004-2')!;
  assert.equal([flat!.text, flat!.standing], [claim.finding, 'fails']);
  const { value, low, high, n } = claim.estimate!;
  assert.match(
    flat!.text,
    new RegExp(`${value}× the writes of 5 voters \\(${low}–${high} at 98 %, ${n} rounds\\)`),
  );
  assert.is(topics[1]!.sentences[0]!.standing, 'known failure');
});

test('a claim that compared nothing says why, and one that was not asked for is left out', () => {
  const result = fixtureResult();
  const [flat] = result.claims;
  delete flat!.finding;
  assert.is(answerOf(result).topics[0]!.sentences[0]!.text, flat!.reason);
  assert.equal(answerOf({ ...result, claims: [] }).topics, []);
});

test('how busy the machine was is a remark, and a warning with the limit if it was too busy', () => {
  const use = { cores: 2, loadAverageBefore: 0.4, loadAverageAfter: 3, niceValue: 0, ownCores: 1.2 };
  const quiet = { ...use, othersCores: 0.03, stealShare: 0, driver: null, proxyCores: null };
  const of = (othersCores: number) => ({ ...fixtureResult(), machineUse: { ...quiet, othersCores } });
  assert.equal([noticesOf(of(0.03)).length, remarksOf(of(0.03)).length], [0, 1]);
  assert.equal([noticesOf(of(1.2)).length, remarksOf(of(1.2)).length], [1, 1]);
  assert.match(noticesOf(of(1.2))[0]!, /^Times of this run say little .* others used 1\.20 of its 2 cores/);
  assert.match(remarksOf(of(1.2))[0]!, /^Machine: .* others 1\.20/);
});
