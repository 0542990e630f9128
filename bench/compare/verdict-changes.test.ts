import { assert, suite } from '#test';
import type { Change } from '../../results/comparison.ts';
import type { Claim } from '../../results/schema.ts';
import { type Standing, WORST_FIRST } from '../../results/verdicts.ts';
import { plantedSide } from './compared-runs.test-kit.ts';
import { pooledClaim } from './pooled-claim.ts';
import { changeOf, verdictChanges } from './verdict-changes.ts';

const test = suite('changes of verdicts');

test('every pair of verdicts has its name; a known failure that is new is told from a failure', () => {
  const table: Record<Standing, readonly Change[]> = {
    // From fails, void, not shown here, known failure, holds; the key is the verdict in b.
    fails: ['unchanged', 'newly fails', 'newly fails', 'newly fails', 'newly fails'],
    void: ['newly void', 'unchanged', 'newly void', 'newly void', 'newly void'],
    'not shown here': [
      'no longer decided',
      'no longer void',
      'unchanged',
      'no longer decided',
      'no longer decided',
    ],
    'known failure': [
      'now a known failure',
      'now a known failure',
      'now a known failure',
      'unchanged',
      'now a known failure',
    ],
    holds: ['now holds', 'newly decided', 'newly decided', 'now holds', 'unchanged'],
  };
  for (const [b, changes] of Object.entries(table))
    assert.equal(
      WORST_FIRST.map(a => changeOf(a, b as Standing)),
      changes,
      b,
    );
  assert.is(changeOf(undefined, 'fails'), 'newly fails');
  assert.is(changeOf(undefined, 'holds'), 'only in b');
  assert.is(changeOf('fails', undefined), 'only in a');
});

test('the news comes first, claims and checkers alike', () => {
  const judged = (valid: 'valid' | 'invalid') => [
    { checker: 'write order', valid, checked: 10, reasons: valid === 'valid' ? [] : ['/a came first'] },
  ];
  const a = plantedSide({
    claims: [
      { id: 'L1', verdict: 'holds' },
      { id: 'L3' },
      { id: '003-3', verdict: 'fails', known: 'closes' },
    ],
    change: result => Object.assign(result, { judgements: judged('valid') }),
  });
  const b = plantedSide({
    claims: [{ id: 'L1', verdict: 'void' }, { id: 'L3' }, { id: '003-3', verdict: 'fails' }],
    change: result => Object.assign(result, { judgements: judged('invalid') }),
  });
  assert.equal(
    verdictChanges(a, b).map(({ id, change }) => [id, change]),
    [
      ['003-3', 'newly fails'],
      ['write order', 'newly fails'],
      ['L1', 'newly void'],
      ['L3', 'unchanged'],
    ],
  );
});

function timed(
  value: number,
  verdict: Claim['verdict'] = 'not shown here',
  more: Partial<Claim> = {},
): Claim {
  return {
    ...{ id: '004-5', title: 't', source: 's', hypothesis: 'h', metric: 'm', unit: 'ratio', control: 'c' },
    ...{ verdict, reason: 'r', evidence: [], exact: [], warnings: [] },
    estimate: { value, low: value * 0.7, high: value * 1.4, n: 6, unit: 'ratio' },
    rule: { level: 0.01, margin: { low: 0.9, high: null } },
    ...more,
  };
}

test('nights that decide nothing alone decide together, with the night as the sample', () => {
  const nights = [1.02, 0.99, 1.01, 1.03, 0.98, 1].map(value => timed(value));
  const pooled = pooledClaim(nights);
  assert.is(pooled.standing, 'holds');
  assert.is(pooled.tally, 'not shown here in 6');
  assert.match(pooled.reason, /^1× over 6 runs \(0\.979–1\.03 at 98 %\)\.$/);
  assert.is(pooledClaim([0.7, 0.72, 0.69, 0.71].map(value => timed(value))).standing, 'fails');
  assert.is(pooledClaim([0.7, 1.2, 0.9, 1.1].map(value => timed(value))).standing, 'not shown here');
});

test('no night outweighs a counter-example, and a void night does not count', () => {
  const good = [1.02, 0.99, 1.01, 1.03].map(value => timed(value, 'holds'));
  const stop = timed(0, 'fails', { estimate: { value: 0, low: null, high: null, n: 6, unit: 'ratio' } });
  assert.is(pooledClaim([...good, stop]).standing, 'fails');
  const contradicted = timed(1.02, 'fails');
  assert.is(pooledClaim([...good, contradicted]).standing, 'fails');
  const { standing, tally } = pooledClaim([...good, timed(0.2, 'void')]);
  assert.equal([standing, tally], ['holds', 'holds in 4, void in 1']);
});

test('with two nights the worse verdict stands, and a known failure stays known', () => {
  assert.is(pooledClaim([timed(1, 'holds'), timed(1)]).standing, 'not shown here');
  const { rule: _, ...exact } = timed(1, 'fails', { known: 'closes' });
  assert.is(pooledClaim([exact, exact, exact]).standing, 'known failure');
});
