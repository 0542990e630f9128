import { assert, suite } from '#test';
import { stormCondition } from '../../results/names.ts';
import { around, type Planted, plantedResult, plantedTopology } from './claims.test-kit.ts';
import { Evidence } from './judging/evidence.ts';
import { mastersSyncHundredsSooner } from './masters-sync-hundreds-sooner.ts';

const test = suite('claims: hundreds of observers sync sooner behind masters');
const TOPOLOGIES = [
  { ...plantedTopology('storm', 5, 2), experiment: 'storms' },
  { ...plantedTopology('stormMasters', 5, 2, true), experiment: 'storms' },
];

/** Times of the leader alone, and of masters as a share of them. */
function storm(sinks: number, snapshotMb: number, share: number): Planted[] {
  const condition = stormCondition({ sinks, snapshotMb });
  const at = (topology: string, ms: number) => ({
    metric: 'stormLastLearnerMs',
    topology,
    condition,
    values: around(ms),
  });
  const ms = sinks * snapshotMb * 20;
  return [at('storm', ms), at('stormMasters', ms * share)];
}

function judged(...planted: readonly Planted[][]) {
  return mastersSyncHundredsSooner.judge(new Evidence(plantedResult(planted.flat(), TOPOLOGIES)));
}

test('hundreds that serve sooner hold, however long a handful took', () => {
  const { verdict, finding, warnings } = judged(storm(30, 1, 1.5), storm(100, 1, 0.6), storm(300, 1, 0.4));
  assert.is(verdict, 'holds');
  assert.match(
    String(finding),
    /100 observers with 1 MB each behind masters took 0\.6× the time of as many at the leader/,
  );
  assert.match(String(warnings), /masters break even above 30 MB in all: 1\.5× with 30 observers/);
});

test('planted: one size of hundreds that serves later fails the claim', () => {
  const { verdict, finding, warnings } = judged(storm(100, 1, 0.6), storm(300, 1, 1.2));
  assert.is(verdict, 'fails');
  assert.match(String(finding), /300 observers .* took 1\.2×/);
  assert.match(
    String(warnings),
    /masters do not break even at the sizes of this run, as they were later at the largest: 0\.6×/,
  );
});

test('where masters are always sooner or always later, the text says so', () => {
  const said = (...shares: readonly [number, number]) =>
    String(judged(storm(100, 1, shares[0]), storm(300, 1, shares[1])).warnings);
  assert.match(said(0.6, 0.5), /masters were sooner at every size/);
  assert.match(said(1.6, 1.5), /masters were later at every size/);
  assert.match(said(1.6, 0.5), /masters break even above 100 MB in all/);
});

test('a handful alone shows nothing about hundreds', () => {
  const { verdict, reason } = judged(storm(30, 1, 0.5));
  assert.is(verdict, 'not shown here');
  assert.is(reason, 'This run has no storms of observers.');
});

test('a machine that cannot bound links is the reason why nothing is shown', () => {
  const result = plantedResult([], TOPOLOGIES);
  const environment = { ...result.environment, noBandwidth: 'the kernel cannot bound a rate (sch_tbf)' };
  const { verdict, reason } = mastersSyncHundredsSooner.judge(new Evidence({ ...result, environment }));
  assert.is(verdict, 'not shown here');
  assert.match(reason, /no storms of observers, because the kernel cannot bound a rate \(sch_tbf\)\./);
});
