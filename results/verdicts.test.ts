import { assert, suite } from '#test';
import { judgedResult, minimalResult } from './fixtures/minimal.ts';
import type { Verdict } from './schema.ts';
import { countStandings, exitCodeOf, familyText, mostDoubtfulFirst, worstFirst } from './verdicts.ts';

const test = suite('results: verdicts');

function judged(verdicts: readonly Verdict[], isVoid = false) {
  const [claim] = minimalResult().claims;
  const claims = verdicts.map((verdict, index) => ({ ...claim!, id: `c${index}`, verdict }));
  return { claims, validity: { void: isVoid, reasons: [] } };
}

test('exit codes: 0 all hold, 1 something failed, 3 void', () => {
  const table: [readonly Verdict[], boolean, number][] = [
    [['holds', 'holds'], false, 0],
    [['holds', 'not shown here'], false, 0],
    [['holds', 'fails'], false, 1],
    [['void', 'fails'], false, 1],
    [['holds', 'void'], false, 3],
    [['holds', 'fails'], true, 3],
    [[], false, 3],
  ];
  for (const [verdicts, isVoid, code] of table)
    assert.is(exitCodeOf(judged(verdicts, isVoid)), code, `${verdicts} void ${isVoid}`);
});

test('a known failure does not fail a run; an unknown one beside it does', () => {
  const known = judged(['holds', 'fails']);
  known.claims[1]!.known = 'not built yet';
  assert.is(exitCodeOf(known), 0);
  const news = judged(['fails', 'fails']);
  news.claims[0]!.known = 'not built yet';
  assert.is(exitCodeOf(news), 1);
});

test('an interrupted run exits as void, whatever its claims say', () => {
  for (const verdicts of [['holds'], ['fails', 'holds']] as const) {
    const { claims, validity } = judged(verdicts);
    const interrupted = 'after 1 of 6 rounds of writes';
    assert.is(exitCodeOf({ claims, validity: { ...validity, interrupted } }), 3);
  }
});

test('what was asked for and not measured makes a run void, unless something failed', () => {
  for (const [verdicts, code] of [
    [['holds', 'not shown here'], 3],
    [['holds', 'fails'], 1],
  ] as const) {
    const { claims, validity } = judged(verdicts);
    const unmeasured = ['writes of masters, healthy: 1 of 4 rounds were measured; ...'];
    assert.is(exitCodeOf({ claims, validity: { ...validity, unmeasured } }), code);
  }
});

test('claims come worst first, and within a verdict in their original order', () => {
  const { claims } = judged(['holds', 'void', 'fails', 'not shown here', 'fails']);
  assert.equal(
    worstFirst(claims).map(claim => claim.id),
    ['c2', 'c4', 'c1', 'c3', 'c0'],
  );
  const counts = { holds: 1, fails: 2, 'not shown here': 1, void: 1, 'known failure': 0 };
  assert.equal(countStandings(claims), counts);
});

test('a known failure stands apart from new ones: after everything unclear, before what holds', () => {
  const { claims } = judged(['holds', 'fails', 'void', 'fails', 'not shown here']);
  claims[1]!.known = 'not built yet';
  assert.equal(
    worstFirst(claims).map(({ id }) => id),
    ['c3', 'c2', 'c4', 'c1', 'c0'],
  );
  const { fails, 'known failure': known } = countStandings(claims);
  assert.equal([fails, known], [1, 1]);
});

test('the view on all claims together adds the levels of the timed ones', () => {
  const rule = (level: number) => ({ rule: { level, margin: { low: 1, high: null } } });
  assert.is(familyText([{}, rule(0.01)]), undefined);
  assert.match(
    familyText([rule(0.01), {}, rule(0.01), rule(0.01)])!,
    /^Each of the 3 .* of 1 %: .* at most 3 % of/,
  );
  assert.match(familyText([rule(0.01), rule(0.05)])!, /of 1 % or 5 %: .* at most 6 % of/);
});

test('an invalid judgement of a checker fails a run, and an unknown one voids it', () => {
  const { judgements = [], ...rest } = judgedResult();
  const codeOf = (...valid: readonly string[]) =>
    exitCodeOf({ ...rest, judgements: judgements.filter(each => valid.includes(each.valid)) });
  assert.is(codeOf('valid'), 0);
  assert.is(codeOf('valid', 'unknown'), 3);
  assert.is(codeOf('valid', 'unknown', 'invalid'), 1);
  assert.is(codeOf(), 3);
  assert.equal(
    mostDoubtfulFirst(judgements).map(({ valid }) => valid),
    ['invalid', 'unknown', 'valid'],
  );
});
