import { assert, suite } from '#test';
import { EventBus, type EventDraft } from '../results/events.ts';
import { progressOn } from './progress.ts';

const test = suite('bench: progress');

const AT = { topology: 'voters', condition: 'one voter blackholed', round: 0 };
const STORY: readonly EventDraft[] = [
  { kind: 'phase', what: 'probing the machine' },
  { kind: 'round', experiment: 'writes', round: 0, of: 6 },
  { kind: 'turn', what: 'writes', round: 0, of: 6, topology: 'voters', condition: 'healthy' },
  { kind: 'sample', metric: 'm', topology: 'voters', condition: 'healthy', round: 0, value: 1 },
  { kind: 'turn', ...AT, what: 'fault', of: 5 },
  { kind: 'bitten', ...AT, fault: 'blackhole', bit: true, how: 'silence' },
  { kind: 'bitten', ...AT, fault: 'blackhole', bit: false, how: 'an answer came' },
  {
    kind: 'seed',
    ...{ seed: 7, outcome: 'passed', counts: { writes: 120, faults: 4 }, reasons: [] },
    ...{ done: 2, of: 20, unit: 'seeds' },
  },
  { kind: 'note', text: 'voters is given up: it broke' },
  { kind: 'task', task: 'jute: write a Stat', nsPerOperation: 91.5, n: 4000 },
];

function shown(isTTY: boolean): string[] {
  const lines: string[] = [];
  const terminal = {
    print: () => {},
    progress: (text: string) => void lines.push(text),
    json: () => {},
    error: () => {},
    end: () => {},
  };
  let now = 1_000;
  const bus = new EventBus([progressOn(terminal, isTTY)], () => (now += 61_000));
  for (const draft of STORY) bus.emit(draft);
  return lines;
}

test('a terminal shows the present activity, with the time since the first event', () => {
  assert.equal(shown(true), [
    '0:00  probing the machine',
    '1:01  writes: round 1 of 6',
    '2:02  writes 1/6, voters: healthy',
    '4:04  fault 1/5, voters: one voter blackholed',
    '5:05  voters, one voter blackholed: blackhole bit',
    '6:06  voters, one voter blackholed: blackhole did not bite',
    '7:07  2 of 20 seeds; seed 7 passed: 120 writes, 4 faults',
    '8:08  voters is given up: it broke',
    '9:09  jute: write a Stat: 92 ns',
  ]);
});

test('elsewhere only notes are written', () => {
  assert.equal(shown(false), [
    '1:01  writes: round 1 of 6',
    '4:04  fault 1/5, voters: one voter blackholed',
    '6:06  voters, one voter blackholed: blackhole did not bite',
    '7:07  2 of 20 seeds; seed 7 passed: 120 writes, 4 faults',
    '8:08  voters is given up: it broke',
    '9:09  jute: write a Stat: 92 ns',
  ]);
});
