import { assert, suite } from '#test';
import { minimalResult } from '../results/fixtures/minimal.ts';
import type { Availability, Sync } from '../results/schema.ts';
import { answeredPercent, firstCommitMs, medianRound, worstRound } from './rounds.ts';
import { stagesOf } from './stages.ts';

const test = suite('dashboards: rounds');

function row(round: number, percent: number, member = 's1'): Availability {
  const place = { topology: 't', condition: 'c', role: 'observer', member } as const;
  return { ...place, percent, probes: 10, round, spans: [], bands: [] };
}

function sync(round: number, learner: string, servingMs?: number): Sync {
  const place = { topology: 't', condition: 'c', role: 'observer', mode: 'DIFF' } as const;
  return { ...place, round, learner, marks: servingMs === undefined ? {} : { servingMs } };
}

test('the round with the worst observer is shown whole, by the share under the fault as in the claims', () => {
  const rows = [row(0, 100), row(0, 90, 's2'), row(1, 91), row(1, 92, 's2')];
  const shown = () => worstRound(rows).map(item => item.percent);
  assert.equal(shown(), [100, 90]);
  for (const each of rows.slice(0, 2)) each.percentUnderFault = 95;
  assert.equal(shown(), [91, 92]);
  assert.is(answeredPercent(rows[0]!), 95);
  for (const each of rows) each.role = 'follower';
  rows[3]!.percent = 100;
  assert.equal(shown(), [100, 90], 'without observers, the round that answered least as a whole');
  assert.equal(worstRound([]), []);
});

test('the median round is chosen by its last learner; a learner that never served counts as last', () => {
  const syncs = [sync(0, 'a', 10), sync(0, 'b', 90), sync(1, 'a', 50), sync(1, 'b', 20), sync(2, 'a')];
  assert.equal(
    medianRound(syncs).map(item => item.learner),
    ['a', 'b'],
  );
  assert.is(medianRound(syncs)[0]!.round, 0);
  assert.equal(medianRound([]), []);
});

test('the time of a missing mark counts in the next stage, and no stage runs backwards', () => {
  assert.equal(stagesOf({ electedMs: 10, upToDateMs: 30, servingMs: 20 }), [
    { title: 'election', fromMs: 0, toMs: 10 },
    { title: 'UPTODATE', fromMs: 10, toMs: 30 },
  ]);
});

test('the first commit belongs to the drawn round, its topology and its condition', () => {
  const sample = (topology: string, condition: string, values: number[]) => ({
    ...minimalResult().measurements[0]!,
    ...{ metric: 'syncFirstWriteMs', topology, condition },
    samples: values.map((value, round) => ({ round, value })),
  });
  const measurements = [
    sample('voters', 'leader killed', [300, 310]),
    sample('observers', 'leader killed', [400, 410]),
    sample('observers', 'another', [500, 510]),
  ];
  const round = [{ ...sync(1, 'o1', 1), topology: 'observers', condition: 'leader killed' }];
  assert.is(firstCommitMs({ measurements }, round), 410);
  assert.is(firstCommitMs({ measurements }, [{ ...round[0]!, round: 7 }]), undefined);
  assert.is(firstCommitMs({ measurements: [] }, round), undefined);
  assert.is(firstCommitMs({ measurements }, []), undefined);
});
