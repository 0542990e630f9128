import { assert, suite } from '#test';
import { CONDITIONS } from '../../results/names.ts';
import { fixtureResult } from '../fixtures/result.ts';
import { answerOf, kindOf } from './headline.ts';
import { noticesOf } from './notices.ts';

const test = suite('dashboards: headline');

function sentenceOf(result: ReturnType<typeof fixtureResult>, about: string): string | undefined {
  const sentence = answerOf(result).sentences.find(item => item.about === about);
  return sentence?.pieces.map(piece => (typeof piece === 'string' ? piece : piece.text)).join('');
}

test('verdicts are counted, worst first', () => {
  assert.is(answerOf(fixtureResult()).verdicts, '5 claims: 1 fails, 1 void, 1 not shown here, 2 hold');
});

test('a void run says so before anything else', () => {
  const result = { ...fixtureResult(), validity: { void: true, reasons: ['the driver was saturated'] } };
  assert.is(answerOf(result).verdicts, 'This run is void: the driver was saturated');
});

test('an interrupted run counts its verdicts and says how far it came', () => {
  const validity = { void: false, reasons: [], interrupted: 'after 3 of 12 rounds of writes' };
  const answer = answerOf({ ...fixtureResult(), validity });
  assert.match(answer.verdicts, /^5 claims: /);
  assert.match(
    noticesOf({ ...fixtureResult(), validity })[0]!,
    /^Interrupted after 3 of 12 rounds of writes: only these rounds are judged/,
  );
  assert.equal(noticesOf(fixtureResult()), []);
});

test('what was asked for and not measured stands before the verdicts, and a long list is cut (F1)', () => {
  const unmeasured = Array.from({ length: 9 }, (_, at) => `place ${at}: round 2: o1 ended by itself`);
  const notices = noticesOf({ ...fixtureResult(), validity: { void: false, reasons: [], unmeasured } });
  assert.is(notices[0], 'Asked for and not measured: place 0: round 2: o1 ended by itself.');
  assert.match(notices.at(-1)!, /^Asked for and not measured: 3 more/);
});

test('topologies are recognised by their members, not by their names', () => {
  assert.equal(fixtureResult().topologies.map(kindOf), ['voters only', 'observers', 'observer masters']);
});

test('a part without measurements is left out, never guessed', () => {
  const result = { ...fixtureResult(), measurements: [], availability: [] };
  assert.equal(answerOf(result).sentences, []);
});

test('a measurement without a median is not in the answer', () => {
  const result = fixtureResult();
  for (const item of result.measurements) {
    if (item.topology !== 'observers' || item.metric !== 'writeThroughput') continue;
    item.summary = { median: null, low: null, high: null, n: 0, warnings: [] };
  }
  assert.is(sentenceOf(result, 'Observers'), undefined);
});

test('003-3: an outage is described by the worst round of the worst observer', () => {
  const result = fixtureResult();
  assert.match(
    sentenceOf(result, 'Reads through an outage') ?? '',
    /worst observer answered 100 % of its reads, the worst voter 0 % \(n 6\)/,
  );
  const dark = result.measurements.find(
    item => item.id === `observerReadAvailability/masters/${CONDITIONS.quorumLost}`,
  )!;
  dark.samples[3]!.value = 2.5;
  assert.match(sentenceOf(result, 'Reads through an outage') ?? '', /observer answered 2\.5 % of its reads/);
});

test('intervals that touch overlap; only separate ones are called so', () => {
  const result = fixtureResult();
  const [voters, observers] = ['voters', 'observers'].map(
    name =>
      result.measurements.find(item => item.id === `writeThroughput/${name}/${CONDITIONS.healthy}`)!.summary,
  );
  Object.assign(voters!, { low: 100, median: 110, high: 120 });
  Object.assign(observers!, { low: 80, median: 90, high: 100 });
  assert.match(sentenceOf(result, 'Observers') ?? '', /−18 %, n 6, intervals overlap/);
  observers!.high = 99;
  assert.match(sentenceOf(result, 'Observers') ?? '', /intervals do not overlap/);
  observers!.high = null;
  assert.match(sentenceOf(result, 'Observers') ?? '', /\(−18 %, n 6, too few for intervals\)/);
});
