import { assert, suite } from '#test';
import { drawnResult, judgedResult, minimalResult } from '../../results/fixtures/minimal.ts';
import { CONDITIONS } from '../../results/names.ts';
import { resultSchema } from '../../results/schema.ts';
import { fixtureResult } from '../fixtures/result.ts';
import { escapeHtml } from './html.ts';
import { renderReport } from './render.ts';

const test = suite('dashboards: report');

test('the fixture is a valid result', () => {
  assert.is(resultSchema.safeParse(fixtureResult()).success, true);
});

test('the report contains every claim with verdict, reason, hypothesis, control and warnings', async () => {
  const result = fixtureResult();
  const page = await renderReport(result);
  for (const claim of result.claims) {
    for (const text of [claim.title, claim.reason, claim.hypothesis, claim.control, ...claim.warnings])
      assert.ok(page.includes(escapeHtml(text)), `${claim.id}: "${text}" is not in the report`);
  }
});

test('a timed claim shows its interval over its margin, with words for those who do not see it', async () => {
  const page = await renderReport(fixtureResult());
  assert.match(page, /aria-label="interval 0\.89–0\.937, good above 1×"/);
  assert.match(page, /good: above 1×; at this bound, at most 1 % of runs give a wrong verdict/);
  const [, from] = /class="good" x="([\d.]+)"/.exec(page)!;
  const [, high] = /class="interval" x1="[\d.]+" x2="([\d.]+)"/.exec(page)!;
  assert.ok(Number(high) < Number(from), 'the interval of a claim that fails is outside its margin');
});

test('a topology on direct links within CPU budgets says so beside its members', async () => {
  const result = fixtureResult();
  const [first, ...others] = result.topologies;
  const page = await renderReport({
    ...result,
    topologies: [{ ...first!, links: 'direct', budgetCores: 0.15 }, ...others],
  });
  assert.is(page.split('direct links, 0.15 cores each').length, 2);
});

test('a topology whose observers alone have proxies is not said to have direct links', async () => {
  const result = fixtureResult();
  const [first, ...others] = result.topologies;
  const page = await renderReport({
    ...result,
    topologies: [{ ...first!, links: 'observers proxied', budgetCores: 0.15 }, ...others],
  });
  assert.match(page, /direct links between voters, proxies on those of observers, 0\.15 cores each/);
});

test('loads in buckets of several widths name each of them', async () => {
  const result = fixtureResult();
  const page = async () => {
    const [, said] =
      /at the maximum rate <span class="soft">writes\/s, ([^;]+);/.exec(await renderReport(result)) ?? [];
    return said;
  };
  assert.is(await page(), 'in buckets of 50 ms');
  const [last] = result.topologies.slice(-1);
  for (const each of result.timelines) if (each.topology === last!.name) each.bucketMs = 20;
  assert.is(await page(), 'in buckets of 20 or 50 ms');
});

test('claims come first, and the report says what the run cannot show', async () => {
  const result = fixtureResult();
  const page = await renderReport(result);
  const order = [
    'id="claims"',
    'id="topologies"',
    'id="timelines"',
    'id="availability"',
    'id="sync"',
    'id="latency"',
    'id="limits"',
  ];
  const places = order.map(mark => page.indexOf(mark));
  assert.ok(!places.includes(-1), places.join());
  assert.equal(
    places,
    [...places].sort((a, b) => a - b),
  );
  for (const limit of result.limits) assert.ok(page.includes(escapeHtml(limit)));
});

test('nothing in a result becomes markup', async () => {
  const hostile = '</script><img src=x onerror=alert(1)>';
  const result = minimalResult();
  result.topologies[0]!.name = hostile;
  result.measurements[0]!.topology = hostile;
  result.measurements[0]!.condition = hostile;
  result.measurements[0]!.exactCounts = { [hostile]: 1 };
  result.claims[0]!.id = hostile;
  result.claims[0]!.reason = hostile;
  result.run.name = hostile;
  result.limits.push(hostile);
  assert.not.ok((await renderReport(result)).includes('<img'));
});

test('a result with one claim and nothing else makes a report without empty sections', async () => {
  const page = await renderReport(minimalResult());
  for (const id of ['availability', 'sync', 'timelines', 'latency', 'counts', 'faults'])
    assert.not.ok(page.includes(`id="${id}"`), id);
});

test('an outage says how long no write was done and in how many rounds; void rounds are counted separately', async () => {
  const page = await renderReport(fixtureResult());
  assert.match(page, /Writes through the outage: leader cut/);
  assert.match(page, /voters: no write for 1\.7 to 1\.8 s/);
  assert.match(page, /data-rounds="voters\thealthy\twrites, closed loop">n 5, 1 void</);
});

test('a measurement whose rounds are all void shows "no sample", not "not measured"', async () => {
  const result = fixtureResult();
  const [first] = result.measurements;
  first!.samples = [];
  first!.summary = { median: null, low: null, high: null, n: 0, warnings: ['void round 1: driver held up'] };
  const page = await renderReport(result);
  assert.match(page, /data-measurement="[^"]*" title="no sample \(n 0\): no sample">no sample<\/button>/);
  assert.not.match(page, '>never<');
});

test('rounds are counted from 1, and readings have their unit', async () => {
  const result = fixtureResult();
  const fault = result.faults[0]!;
  Object.assign(fault, { bit: false, round: 2, before: { 'v1.v2.quorum rttMs': 8.7 } });
  const page = await renderReport({ ...result, faults: [fault] });
  assert.match(page, /<td>3<\/td><td><b>no<\/b><\/td><td><div>v1\.v2\.quorum round trip 8\.7 ms<\/div>/);
});

test('an injection that is not verified says what was measured and what would have counted', async () => {
  const result = fixtureResult();
  Object.assign(result.faults[0]!, { bit: false, how: 'an exchange took less than 20 ms longer' });
  const page = await renderReport(result);
  assert.match(page, /<b>no<\/b><small>an exchange took less than 20 ms longer<\/small>/);
});

test('an outage without a valid round is still named', async () => {
  const result = fixtureResult();
  for (const each of result.timelines)
    if (each.condition === CONDITIONS.leaderCut) each.voidReasons = ['it did not bite'];
  const page = await renderReport(result);
  assert.match(page, /Writes through the outage: leader cut <span class="soft">no valid round/);
  assert.match(page, /observers: n 0, 2 void/);
});

test('a fault that did not bite is visible, and faults that bit are folded', async () => {
  const result = fixtureResult();
  const folded = /<section id="faults"><h2>[^<]*<\/h2>\s*<details>/;
  assert.match(await renderReport(result), folded);
  result.faults[0]!.bit = false;
  const page = await renderReport(result);
  assert.not.match(page, folded);
  assert.match(page, /<b>no<\/b>.*<details><summary>2 of 3 injections/s);
});

test('a schedule of faults shows the judgements of its checkers and no empty ledger of claims', async () => {
  const page = await renderReport(judgedResult());
  assert.ok(page.includes('id="judgements"') && !page.includes('id="claims"'));
  assert.ok(page.includes('/register7 lost operation 12'));
});

test('a counterexample is drawn: a bar for each operation, open for an unknown outcome, the culprit marked', async () => {
  const page = await renderReport(drawnResult());
  const [drawing = ''] = /<figure class="counterexample">[\s\S]*?<\/figure>/.exec(page) ?? [];
  assert.equal(drawing.match(/<g class="[^"]*"/g), [
    '<g class="plain"',
    '<g class="plain open"',
    '<g class="culprit"',
  ]);
  assert.match(drawing, /11: setData &quot;&lt;b&gt;&quot; -&gt; version 4/);
});

test('a load over time shows only topologies that had it under that condition', async () => {
  const result = fixtureResult();
  const name = 'never-loaded';
  const page = await renderReport({
    ...result,
    topologies: [...result.topologies, { ...result.topologies[0]!, name }],
  });
  const [, timelines = ''] = /id="timelines"([\s\S]*?)<\/section>/.exec(page) ?? [];
  assert.match(timelines, /voters/);
  assert.not.match(timelines, name);
  const [, latencies = ''] = /id="latency"([\s\S]*?)<\/section>/.exec(page) ?? [];
  assert.match(latencies, /<ul class="legend">/);
  assert.not.match(latencies, name);
});

test('ensembles of an experiment have charts with axes of their own', async () => {
  const result = fixtureResult();
  const [first, ...others] = result.topologies;
  const whole = await renderReport(result);
  assert.match(whole, 'data-key="writeThroughput\t"');
  assert.not.match(whole, 'topologies of the suite');
  const page = await renderReport({ ...result, topologies: [{ ...first!, experiment: 'roles' }, ...others] });
  for (const key of ['writeThroughput\t', 'writeThroughput\troles'])
    assert.match(page, `data-key="${key}"`, key);
  assert.match(page, /Write throughput <span class="soft">writes\/s, more is better; ensembles of roles</);
});

test('of what only proves a window, no value is called better', async () => {
  const result = fixtureResult();
  const [first] = result.measurements;
  const proof = { ...first!, id: 'machineIdle/x', metric: 'machineIdle', unit: '%' };
  const page = await renderReport({ ...result, measurements: [...result.measurements, proof] });
  assert.match(page, 'Idle time of the machine <span class="soft">%</span>');
});
