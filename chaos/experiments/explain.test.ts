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
  assert.ok(expectedMs(optionsFor('quick')) <= 240_000, 'the time budget of the suite');
});

test('a claim that only counts, or needs one window of many, is not estimated as the whole experiment', () => {
  const minutes = (...ids: readonly string[]) => expectedMs(optionsFor('full', ids)) / 60_000;
  assert.ok(minutes('000-3') < minutes('004-2') / 4, 'paths are counted in one start');
  assert.ok(minutes('004-5') < minutes('004-1', '004-5') - 2, 'only what is cut off is started');
  assert.ok(minutes('L12') < minutes('L8', 'L9', 'L10', 'L11', 'L12') / 2, 'one window of each ensemble');
});

test('storms are estimated by the bandwidth of their links', () => {
  const { suite, ...others } = optionsFor('full', ['004-18b']);
  const seconds = (bandwidth: string) => {
    const { storms } = suite as unknown as { storms: { topologies: Record<string, string> } };
    const texts = Object.entries(storms.topologies).map(([name, text]) => [
      name,
      text.replace(/bandwidth=\w+/, `bandwidth=${bandwidth}`),
    ]);
    const slowed = { ...suite, storms: { ...storms, topologies: Object.fromEntries(texts) } };
    return expectedMs({ ...others, suite: slowed }) / 1_000;
  };
  // 300 snapshots of 1 MB take 24 s of one link at 100 Mbit/s, and there are more storms than this one.
  assert.ok(seconds('100mbit') - seconds('100gbit') > 8 * 24);
});

test('the suite for a published comparison takes no longer than it says', () => {
  assert.match(readSuite('full').description, /about eighty-five minutes/);
  assert.ok(expectedMs(optionsFor('full')) <= 85 * 60_000);
});
