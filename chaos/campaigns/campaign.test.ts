import { assert, suite } from '#test';
import type { CampaignRun } from '../../results/campaign.ts';
import { campaignCode } from './campaign.ts';
import { campaignText } from './campaign-text.ts';

const test = suite('chaos/campaigns: the end');

const run = (number: number, outcome: CampaignRun['outcome']): CampaignRun => ({
  ...{ number, outcome, topology: 'voters=3', workload: 'registers', seconds: 9 },
  ...{ reasons: outcome === 'passed' ? [] : ['why'], checkers: [], bitten: ['kill'], toothless: ['pause'] },
});
const codeOf = (bites: 'all' | 'any', ...outcomes: CampaignRun['outcome'][]) =>
  campaignCode({ runs: outcomes.map((outcome, at) => run(at + 1, outcome)) }, bites);

test('one failure fails a campaign, whatever else was void', () => {
  assert.is(codeOf('any', 'passed', 'void', 'failed', 'void', 'void'), 1);
});

test('a void run voids a campaign whose faults must all bite; elsewhere only more of them than passed', () => {
  assert.is(codeOf('all', 'passed', 'passed', 'void'), 3);
  assert.is(codeOf('any', 'passed', 'passed', 'void'), 0);
  assert.is(codeOf('any', 'passed', 'void', 'void'), 3);
});

test('what was cut short, or ran nothing, is void', () => {
  assert.is(codeOf('any'), 3);
  assert.is(campaignCode({ runs: [run(1, 'passed')], endedEarly: 'interrupted after 1 runs' }, 'any'), 3);
});

test('a person reads how it went, what bit, what failed and how often, and how to repeat it', () => {
  const text = campaignText(
    {
      ...{ campaignVersion: 1, id: 'x', name: 'nightly', seed: 7, exitCode: 1 },
      ...{ commandLine: 'zklab chaos nightly --seed 7', startedAt: '', endedAt: '' },
      runs: [run(1, 'passed'), run(2, 'failed'), run(3, 'void')],
      failures: [
        {
          ...{ run: 2, checkers: ['watches'], reasons: ['watches: lost'], isConfirmed: true },
          ...{
            again: { tries: 3, failed: 2 },
            shrunk: { faults: 1, of: 6, runs: 9, seconds: 80, tries: 3, failed: 3 },
          },
          ...{ schedule: 'f.yaml', command: 'zklab chaos f.yaml' },
        },
      ],
      impossible: [{ name: 'cut', why: 'no proxies' }],
      neverBit: ['pause'],
    },
    '/runs/x',
  );
  assert.is(
    text,
    [
      '3 runs with seed 7: 1 passed, 1 failed, 1 void',
      '1 kinds of fault bit: kill',
      'never bit: pause',
      'not possible here: cut: no proxies',
      'run 2 failed: watches: lost',
      '  The plan failed 2 of 3 times when it was run again; with 1 of its 6 faults it failed 3 of 3 times.',
      '  again: zklab chaos f.yaml',
      'run 3 is void: why',
      'the same runs again: zklab chaos nightly --seed 7',
      'runs: /runs/x',
    ].join('\n'),
  );
});
