import { assert, suite } from '#test';
import { around, type Planted, plantedResult } from '../../bench/claims/claims.test-kit.ts';
import { CONDITIONS } from '../../results/names.ts';
import { proxyTax } from './proxy-tax.ts';

const test = suite('chaos/experiments: what proxies cost');
const of = (metric: string, condition: string, values: readonly number[]): Planted => ({
  metric,
  topology: 'voters',
  condition,
  values,
});

test('the tax is a ratio within rounds, with interval and n, of writes and of their latency', () => {
  const said = proxyTax(
    plantedResult([
      of('writeThroughput', CONDITIONS.direct, around(1000)),
      of('writeThroughput', CONDITIONS.healthy, around(800)),
      of('writeLatencyP50', CONDITIONS.direct, around(2)),
      of('writeLatencyP50', CONDITIONS.healthy, around(3)),
    ]),
  );
  assert.match(said!, /voters committed .* 0\.8 \(0\.8 to 0\.8, n = 6\) times the writes/);
  assert.match(said!, /median write took 1\.5 \(1\.5 to 1\.5, n = 6\) times as long/);
});

test('there is no ratio where one side was not measured, or only in other rounds', () => {
  assert.is(proxyTax(plantedResult([of('writeThroughput', CONDITIONS.healthy, around(800))])), undefined);
  const apart = plantedResult([
    of('writeThroughput', CONDITIONS.direct, around(1000)),
    { ...of('writeThroughput', CONDITIONS.healthy, around(800)), firstRound: 6 },
  ]);
  assert.is(proxyTax(apart), undefined);
});
