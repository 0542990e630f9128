import { assert, suite } from '#test';
import { CONDITIONS, SESSION_ENSEMBLES } from '../../results/names.ts';
import { around, plantedResult, plantedTopology } from './claims.test-kit.ts';
import { Evidence } from './judging/evidence.ts';
import { localSessions } from './local-sessions.ts';

const test = suite('bench/claims: local sessions');
const TOPOLOGIES = Object.values(SESSION_ENSEMBLES).map(name => ({
  ...plantedTopology(name, 3, 0),
  experiment: 'sessions',
}));

interface Planted {
  readonly perSecond: number;
  readonly transactions: number;
}

function judged(local: Planted, global: Planted) {
  const planted = Object.entries({ local, global }).map(([which, { perSecond, transactions }]) => ({
    metric: 'sessionThroughput',
    topology: SESSION_ENSEMBLES[which as 'local' | 'global'],
    condition: CONDITIONS.sessions,
    values: around(perSecond),
    counts: { transactionsPerSession: transactions },
  }));
  return localSessions.judge(new Evidence(plantedResult(planted, TOPOLOGIES)));
}

const LOCAL = { perSecond: 3_000, transactions: 0 };
const GLOBAL = { perSecond: 1_000, transactions: 2.01 };

test('L15: more local sessions than global ones, without transactions, hold', () => {
  const { verdict, finding, exact } = judged(LOCAL, GLOBAL);
  assert.is(verdict, 'holds');
  assert.match(
    String(finding),
    /3 voters with local sessions opened and closed 3× the sessions of the same with global/,
  );
  assert.equal(
    exact!.map(({ value }) => value),
    [0, 2.01],
  );
});

test('L15, planted: a local session with a transaction, a global one without, and fewer local ones fail', () => {
  for (const [local, global, reason] of [
    [{ ...LOCAL, transactions: 1 }, GLOBAL, /a local session cost 1 transactions, and needs none/],
    [LOCAL, { ...GLOBAL, transactions: 0 }, /a global session cost 0 transactions, and needs 2/],
    [{ ...LOCAL, perSecond: 500 }, GLOBAL, /opened and closed 0\.5× the sessions/],
  ] as const) {
    const found = judged(local, global);
    assert.is(found.verdict, 'fails');
    assert.match(found.reason, reason);
  }
});

test('L15: a run without both ensembles shows nothing', () => {
  const { verdict, reason } = localSessions.judge(new Evidence(plantedResult([])));
  assert.is(verdict, 'not shown here');
  assert.match(reason, /no pair of ensembles with local and with global sessions/);
});
