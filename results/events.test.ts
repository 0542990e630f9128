import { appendFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, suite, temporaryFolder } from '#test';
import { EVENTS_FILE, EventBus, type EventDraft, EventLog, type RunEvent, readEvents } from './events.ts';
import { StoreError } from './store-error.ts';

const test = suite('results: events of a run');

const at = { topology: 'observers', condition: 'observers blackholed', round: 0 };
const STORY: readonly EventDraft[] = [
  {
    kind: 'plan',
    version: 1,
    run: 'r',
    suite: 'quick',
    seed: 1,
    claims: ['004-5'],
    topologies: [{ name: 'observers', shortForm: 'voters=3 observers=3' }],
  },
  { kind: 'phase', what: 'probing the machine' },
  { kind: 'member', topology: 'observers', member: 'v1', role: 'participant', state: 'up', pid: 7 },
  { kind: 'mode', topology: 'observers', member: 'v1', from: 'looking', to: 'leader' },
  { kind: 'round', experiment: 'writes', round: 0, of: 6 },
  { kind: 'turn', ...at, what: 'writes', of: 6 },
  { kind: 'injected', ...at, fault: 'blackhole', links: ['o1.v1.quorum'] },
  { kind: 'bitten', ...at, fault: 'blackhole', bit: true, how: 'silence' },
  { kind: 'healed', ...at, fault: 'blackhole' },
  { kind: 'sample', ...at, metric: 'writeThroughput', value: 1000 },
  { kind: 'sample', ...at, metric: 'writeLatencyP50', value: null, void: 'driver saturated' },
  {
    kind: 'seed',
    ...{ seed: 7, outcome: 'failed', counts: { writes: 12 }, reasons: ['a write is gone'] },
    ...{ done: 3, of: 20, unit: 'seeds' },
  },
  { kind: 'task', task: 'jute: write a Stat', nsPerOperation: 91.5, n: 4000 },
  { kind: 'note', text: 'one line' },
  { kind: 'verdict', claim: '004-5', verdict: 'holds', reason: 'Writes went on.' },
  { kind: 'judgement', checker: 'write order', valid: 'invalid', checked: 9, reasons: ['7 before 6'] },
];

function problemOf(folder: string): string {
  try {
    readEvents(folder);
    return '';
  } catch (error) {
    assert.instance(error, StoreError);
    return `${(error as StoreError).problem}: ${(error as Error).message}`;
  }
}

test('every kind of event is read back unchanged, and is in the file before the next one happens', () => {
  const folder = temporaryFolder();
  const log = new EventLog(folder);
  let seen = 0;
  const inFile = (): number => readFileSync(join(folder, EVENTS_FILE), 'utf8').split('\n').length - 1;
  const bus = new EventBus([log.write, () => assert.is(inFile(), ++seen)], () => 1_700_000_000_000);
  for (const draft of STORY) bus.emit(draft);
  log.close();
  assert.is(seen, STORY.length);
  assert.equal(
    readEvents(folder),
    STORY.map(draft => ({ at: 1_700_000_000_000, ...draft }) as RunEvent),
  );
});

test('an incomplete last line is left out, because the run goes on', () => {
  const folder = temporaryFolder();
  const log = new EventLog(folder);
  const bus = new EventBus([log.write]);
  for (const draft of STORY.slice(0, 2)) bus.emit(draft);
  appendFileSync(join(folder, EVENTS_FILE), '{"at":17,"kind":"no');
  assert.is(readEvents(folder).length, 2);
  log.close();
});

test('a full disk does not end the run: the log says what it could not store', () => {
  const folder = temporaryFolder();
  symlinkSync('/dev/full', join(folder, EVENTS_FILE));
  const log = new EventLog(folder);
  const heard: string[] = [];
  const bus = new EventBus([log.write, event => void heard.push(event.kind)]);
  assert.is(log.problem, undefined);
  for (const draft of STORY.slice(0, 2)) bus.emit(draft);
  assert.is(heard.length, 2);
  assert.match(log.problem!, /^ENOSPC/);
  log.close();
});

test('an invalid event is refused with its line number', () => {
  const folder = join(temporaryFolder(), 'run');
  mkdirSync(folder);
  assert.match(problemOf(folder), /^missing: .*events\.ndjson cannot be read/);
  const holding = (line: string) => {
    writeFileSync(join(folder, EVENTS_FILE), `{"at":1,"kind":"note","text":"a"}\n${line}\n`);
    return problemOf(folder);
  };
  assert.is(holding('{"at":1,"kind":"phase","what":"b"}'), '');
  assert.match(holding('{'), /^invalid: .*line 2 is not JSON/);
  assert.match(
    holding('{"at":1,"kind":"shout","text":"a"}'),
    /^invalid: .*line 2 is not an event of a run: kind/,
  );
  assert.match(holding('{"at":1,"kind":"note","text":"a","loud":true}'), /Unrecognized key/);
  assert.match(
    holding('{"at":1,"kind":"plan","version":2}'),
    /^other version: .*has version 2; this version of zklab reads 1/,
  );
});
