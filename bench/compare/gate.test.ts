import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, suite, temporaryFolder } from '#test';
import { gateExitCode } from '../../results/comparison.ts';
import type { Result } from '../../results/schema.ts';
import { UsageError } from '../usage-error.ts';
import { applyGate, refuseUnknownNames } from './apply-gate.ts';
import { compareAll } from './compare-command.ts';
import { compareSides } from './compare-sides.ts';
import { type PlantedRun, plantedRun, plantedSide } from './compared-runs.test-kit.ts';
import { joinedGate, readGate, requiringGate } from './gate.ts';

const test = suite('gate');

const TEN = [100, 101, 102, 103, 104, 105, 106, 107, 108, 109];
const COUNTS = { leaderMessagesPerWrite: 4, acksFromObservers: 0 };
const GOOD: PlantedRun = {
  cells: [{ values: TEN, counts: COUNTS }],
  claims: [
    { id: 'L3', verdict: 'holds' },
    { id: '003-3', verdict: 'fails', known: 'clients are closed' },
  ],
};

function gateOf(text: string) {
  const file = join(temporaryFolder(), 'gate.yaml');
  writeFileSync(file, text);
  return readGate(file);
}

/** The outcomes of all items, and the exit code. */
function judged(gate: ReturnType<typeof readGate>, b: PlantedRun, a: PlantedRun = GOOD) {
  const items = applyGate(gate, compareSides(plantedSide(a), plantedSide(b)));
  const failed = items.filter(({ outcome }) => outcome !== 'passed' && outcome !== 'known');
  return { code: gateExitCode(items), open: failed.map(({ what, outcome }) => `${outcome}: ${what}`), items };
}

const factor = (by: number) => ({
  ...GOOD,
  cells: [{ values: TEN.map(value => value * by), counts: COUNTS }],
});

test('the default gate passes two runs that do not differ, known failures and all', () => {
  const { code, items } = judged(readGate('default'), GOOD);
  assert.is(code, 0);
  assert.is(items.find(({ what }) => what.startsWith('003-3'))!.outcome, 'known');
});

test('planted: a doubled count, a new failure, and a failure that is no longer known each fail the gate', () => {
  const gate = readGate('default');
  const doubled = { ...GOOD, cells: [{ values: TEN, counts: { ...COUNTS, leaderMessagesPerWrite: 8 } }] };
  const { code, open } = judged(gate, doubled);
  assert.equal([code, open[0]], [1, 'failed: leaderMessagesPerWrite, voters, healthy']);
  const [l3, known] = GOOD.claims!;
  assert.is(judged(gate, { ...GOOD, claims: [{ ...l3, verdict: 'fails' }, known!] }).code, 1);
  const { known: _, ...unknown } = known!;
  assert.is(judged(gate, { ...GOOD, claims: [l3!, unknown] }).code, 1);
});

test('neither more requests in the same time nor a stray request is a count that grew', () => {
  const counted = (more: Record<string, number>): PlantedRun => ({
    ...GOOD,
    cells: [{ values: TEN, counts: { ...COUNTS, ...more } }],
  });
  const a = counted({
    ok: 1_000,
    'without an answer': 1,
    'failed NONODE': 2,
    requestsToLeaderPerRead: 0.001,
  });
  const b = counted({ ok: 1_200, 'without an answer': 3, requestsToLeaderPerRead: 0.004 });
  assert.equal(judged(readGate('default'), b, a).open, judged(readGate('default'), GOOD).open);
  const doubled = counted({ requestsToLeaderPerRead: 0.5 });
  assert.is(judged(gateOf('counts: {}'), doubled, a).code, 1);
});

test('planted: 20 % fewer writes fail a limit of 10 %, and 5 % fewer pass it', () => {
  const gate = readGate('default');
  assert.equal(judged(gate, factor(0.8)).open[0], 'failed: writeThroughput, voters, healthy');
  assert.is(judged(gate, factor(0.8)).code, 1);
  assert.is(judged(gate, factor(0.97)).code, 0);
  assert.is(judged(gate, factor(1.5)).code, 0, 'better is never worse');
});

test('what is undecided passes, voids or fails, as the rule says', () => {
  for (const [undecided, code] of [
    ['pass', 0],
    ['void', 3],
    ['fail', 1],
  ] as const) {
    const gate = gateOf(
      `claims: {}\nmetrics: [{ metric: writeThroughput, worsePercentMax: 10, undecided: ${undecided} }]`,
    );
    assert.is(judged(gate, factor(0.9)).code, code, undecided);
  }
});

test('too few rounds void a rule, even one that lets the undecided pass', () => {
  const gate = gateOf('metrics: [{ metric: writeThroughput, worsePercentMax: 10, undecided: pass }]');
  const two = { cells: [{ values: [100, 101] }] };
  const { open, code } = judged(gate, two, two);
  assert.equal([open, code], [['void: writeThroughput, voters, healthy'], 3]);
});

test('a gate that decided nothing has not passed', () => {
  const gate = gateOf('metrics: [{ metric: writeThroughput, worsePercentMax: 10, undecided: pass }]');
  assert.is(judged(gate, factor(0.9)).code, 3);
});

test('a void run, unlike runs, and times of another machine that a rule is about do not pass', () => {
  const gate = readGate('default');
  const changed = (change: (result: Result) => void) => judged(gate, { ...GOOD, change }).code;
  assert.is(
    changed(b => Object.assign(b.validity, { void: true })),
    3,
  );
  assert.is(
    changed(b => Object.assign(b, { inputs: { suite: { load: { valueBytes: 1 } } } })),
    3,
  );
  assert.is(
    changed(b => Object.assign(b.environment, { cores: 64 })),
    3,
  );
  const counts = gateOf('counts: {}');
  const otherMachine = { ...GOOD, change: (b: Result) => Object.assign(b.environment, { cores: 64 }) };
  assert.is(judged(counts, otherMachine).code, 0, 'counts compare across machines');
});

test('--require wants the claim to hold in b: a known failure fails, and one that was not judged is void', () => {
  const code = (id: string) => judged(requiringGate([id]), GOOD).code;
  assert.equal([code('L3'), code('003-3'), code('004-2')], [0, 1, 3]);
  const both = joinedGate(gateOf('counts: { growthPercentMax: 1 }'), requiringGate(['L3,003-3']));
  assert.equal(judged(both, GOOD).open, ['failed: 003-3 must hold']);
});

test('a newly void claim voids the gate, unless it says otherwise', () => {
  const b = { ...GOOD, claims: [{ ...GOOD.claims![0], verdict: 'void' as const }, GOOD.claims![1]!] };
  assert.is(judged(gateOf('claims: {}'), b).code, 3);
  assert.is(judged(gateOf('claims: { newlyVoid: allow }'), b).code, 0);
  assert.is(judged(gateOf('claims: { newlyVoid: fail }'), b).code, 1);
});

test('of several comparisons a failure is the exit code', () => {
  const sides = [GOOD, GOOD, factor(0.5)].map((run, index) => plantedSide({ ...run, day: index + 1 }));
  const document = compareAll(sides, readGate('default'), false);
  assert.is(document.gate!.items.length, 2);
  assert.is(document.exitCode, 1);
});

test('a bad gate is refused with its file, line, key, value and what is accepted', () => {
  const table: [text: string, line: number, says: RegExp][] = [
    ['', 1, /it is empty; accepted is keys with values/],
    ['{}', 1, /accepted is at least one of claims, counts, metrics/],
    [
      'counts: {}\nclaimz: {}',
      2,
      /unknown key claimz; accepted are include, description, claims, counts, metrics/,
    ],
    ['claims:\n  newFailures: maybe', 2, /claims\.newFailures: "maybe"; accepted is fail or allow/],
    [
      'claims:\n  require:\n    - L3\n    - 999-x',
      4,
      /claims\.require\.1: claims "999-x": unknown 999-x; accepted are/,
    ],
    ['counts:\n  growthPercentMax: -1', 2, /counts\.growthPercentMax: -1; accepted is 0 or more/],
    ['counts:\n  growth: 5', 2, /counts: unknown key growth; accepted are growthPercentMax, except/],
    ['metrics: []', 1, /metrics: \[\]; accepted is 1 or more/],
    [
      'metrics:\n  - metric: writeThroughput',
      2,
      /metrics\.0\.worsePercentMax: missing; accepted is a number/,
    ],
    ['metrics:\n  - metric: writeThroughput\n    worsePercentMax: 5 %', 3, /"5 %"; accepted is a number/],
    [
      'metrics:\n  - metric: writeThroughput\n    worsePercentMax: 5\n    undecided: skip',
      4,
      /undecided: "skip"; accepted is pass, void or fail/,
    ],
    [
      'metrics:\n  - { metric: a, worsePercentMax: 5000 }',
      2,
      /worsePercentMax: 5000; accepted is 1000 or less/,
    ],
  ];
  for (const [text, line, says] of table) {
    const error = refusalOf(() => gateOf(text));
    assert.match(error, new RegExp(`^\\S+gate\\.yaml:${line}: `), text);
    assert.match(error, says);
  }
  assert.match(
    refusalOf(() => readGate('strict')),
    /^gate "strict": accepted are default, or a \.yaml file$/,
  );
  assert.match(
    refusalOf(() => requiringGate(['L3,x'])),
    /^--require: claims "x": unknown x/,
  );
});

test('a misspelt metric, topology or condition is refused, with those that were measured', () => {
  const measured = plantedRun(GOOD).measurements;
  for (const [key, value] of [
    ['metric', 'writeThroughputt'],
    ['topology', 'voter'],
    ['condition', 'healty'],
  ]) {
    const rule = { metric: 'writeThroughput', [key!]: value };
    const gate = gateOf(`metrics:\n  - ${JSON.stringify({ ...rule, worsePercentMax: 5 })}`);
    assert.match(
      refusalOf(() => refuseUnknownNames(gate, measured)),
      new RegExp(`gate\\.yaml:2: ${key}: no run has "${value}"; accepted are `),
    );
  }
  refuseUnknownNames(readGate('default'), measured);
});

test('planted: a misspelt count among those that may grow is refused, with its line and what is accepted', () => {
  const measured = plantedRun({ cells: [{ values: TEN, counts: { ...COUNTS, pulsesPerWrite: 1 } }] });
  const gate = gateOf('counts:\n  except:\n    - pulsesPerWrite\n    - leaderMessagesPerWrit');
  const refusal = refusalOf(() => refuseUnknownNames(gate, measured.measurements));
  assert.match(refusal, /gate\.yaml:4: counts\.except\.1: "leaderMessagesPerWrit"; accepted are /);
  assert.match(refusal, /accepted are .*leaderMessagesPerWrite, .*pulsesPerWrite/);
  const known = gateOf('counts: { except: [pulsesPerWrite, bytesPerWrite] }');
  assert.is(
    refusalOf(() => refuseUnknownNames(known, measured.measurements)),
    'accepted',
  );
  assert.match(
    refusalOf(() => compareAll([plantedSide(GOOD), plantedSide(GOOD)], gate, false)),
    /counts\.except\.0: "pulsesPerWrite"/,
  );
});

function refusalOf(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
  return 'accepted';
}
