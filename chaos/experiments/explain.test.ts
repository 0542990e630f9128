import { assert, suite } from '#test';
import { CLAIMS } from '../../bench/claims/index.ts';
import { expectedMs, explained, explainText } from './explain.ts';
import { EXPERIMENTS, measuredBy } from './index.ts';
import { readSuite, withRounds } from './suites.ts';

const test = suite('chaos/experiments: --explain');

function optionsFor(name: string, ids?: readonly string[]) {
  const read = readSuite(name);
  const claims = measuredBy(read, CLAIMS).filter(({ id }) => ids === undefined || ids.includes(id));
  return { suite: read, claims, server: 'zklab' as const };
}

test('every experiment says how long it takes', () => {
  assert.equal(
    EXPERIMENTS.filter(({ expectedMs }) => expectedMs === undefined).map(({ name }) => name),
    [],
  );
});

test('the plan has the defaults, the claims and the topologies with who starts them', () => {
  const plan = JSON.parse(JSON.stringify(explained(optionsFor('quick'))));
  assert.equal([plan.suite, plan.proxyTax, plan.placebos], ['quick', false, false]);
  assert.is(plan.plan.memberSettings.maxClientCnxns, '0', 'what the lab sets');
  assert.is(plan.plan.memberSettings.tickTime, '200', 'what the suite sets');
  assert.ok(plan.plan.claims.includes('004-2'));
  const row = plan.plan.topologies.find(({ name }: { name: string }) => name === 'voters7');
  assert.equal([row.members, row.links, row.startedBy], ['voters=7', 'direct', 'roles']);
  assert.match(
    explainText(optionsFor('quick')),
    /^# quick: .*\n# \d+ claims, about \d.*Nothing was started\.\n/,
  );
});

test('a claim alone takes less time than all, and more rounds take longer', () => {
  const all = optionsFor('full');
  assert.ok(expectedMs(optionsFor('full', ['004-2'])) < expectedMs(all) / 2);
  assert.ok(expectedMs({ ...all, suite: withRounds(all.suite, 24) }) > expectedMs(all));
  assert.ok(expectedMs(optionsFor('quick')) <= 225_000, 'the time budget of the suite');
});
