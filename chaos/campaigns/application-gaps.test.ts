import { assert, suite } from '#test';
import { FALSE_LOSSES, LONGEST_GAP } from '../../results/names.ts';
import type { Result } from '../../results/schema.ts';
import { applicationGapsOf, applicationsText } from './application-gaps.ts';

const test = suite('campaigns: what applications saw');

const measured = (metric: string, of: string, ...values: number[]) =>
  ({
    ...{ metric, condition: `run 3, ${of}` },
    samples: values.map((value, round) => ({ round, value })),
  }) as Result['measurements'][number];

test('the worst gap of each kind of client is kept, and all false losses; what servers did is no gap of an application', () => {
  const measurements = [
    measured(LONGEST_GAP, 'kazoo', 310.4, 1204.2),
    measured(FALSE_LOSSES, 'kazoo', 0, 1),
    measured(LONGEST_GAP, 'java', 90),
    measured(FALSE_LOSSES, 'java', 0),
    measured(LONGEST_GAP, 'reads at observer', 9_000),
  ];
  const applications = [
    { client: 'java', longestGapMs: 90, falseLosses: 0 },
    { client: 'kazoo', longestGapMs: 1204, falseLosses: 1 },
  ];
  assert.equal(applicationGapsOf({ measurements }), applications);
  assert.is(applicationGapsOf({ measurements: measurements.slice(-1) }), undefined);
  const runs = [{ number: 2 }, { number: 3, applications }];
  assert.is(
    applicationsText(runs),
    'applications: longest gap 1204 ms (kazoo, run 3), 1 session lost falsely',
  );
  assert.match(
    applicationsText([{ number: 1, applications: [applications[0]!] }])!,
    /, no session lost falsely$/,
  );
  assert.is(applicationsText([{ number: 2 }]), undefined);
});
