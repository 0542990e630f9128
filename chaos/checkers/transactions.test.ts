import { assert, suite } from '#test';
import type { HistoryEvent } from './history.ts';
import type { Judgement } from './judgement.ts';
import { checkModelAgreement } from './model-agreement.ts';
import type { SessionRecord, Sighting } from './run-record.ts';
import { checkSessions } from './sessions.ts';
import { type Change, ModelTree, type Transaction } from './transaction.ts';
import { checkWatches } from './watches.ts';

const test = suite('checkers against the agreed transactions: each is shown a bad history');

/** zxid 1 opens session a, zxid 2 session b; zxid 3 creates /p. */
const BEGIN: readonly Transaction[] = log([
  ['a', { f: 'createSession', timeoutMs: 4000 }],
  ['b', { f: 'createSession', timeoutMs: 4000 }],
  ['a', { f: 'create', path: '/p', value: 'v0', ephemeral: false }],
]);

function log(entries: readonly (readonly [session: string, change: Change])[], from = 1): Transaction[] {
  return entries.map(([session, change], at) => ({
    zxid: from + at,
    timeMs: (from + at) * 100,
    session,
    change,
  }));
}

function after(...entries: readonly (readonly [session: string, change: Change])[]): Transaction[] {
  return [...BEGIN, ...log(entries, BEGIN.length + 1)];
}

type Told = Partial<HistoryEvent> & Pick<HistoryEvent, 'f' | 'path'>;

/** One operation of session a, and its answer. */
function operation(asked: Told, answer: Partial<HistoryEvent>): HistoryEvent[] {
  const common = { process: 1, operation: 0, session: 'a', ...asked };
  return [
    { index: 0, timeMs: 310, type: 'invoke', ...common },
    { index: 1, timeMs: 390, type: 'ok', ...common, ...answer },
  ];
}

function assertInvalid({ valid, reasons }: Judgement, reason: RegExp): void {
  assert.is(valid, 'invalid', reasons.join('\n'));
  assert.match(reasons.join('\n'), reason);
}

const set: Change = { f: 'setData', path: '/p', value: 'v1', version: 1 };

test('model: answers and reads that follow from the agreed transactions are valid', () => {
  const write = operation({ f: 'setData', path: '/p', value: 'v1' }, { zxid: 4, version: 1 });
  assert.is(checkModelAgreement(write, after(['a', set])).valid, 'valid');
  const read = operation({ f: 'getData', path: '/p' }, { zxid: 3, value: 'v0', version: 0, mzxid: 3 });
  assert.is(checkModelAgreement(read, after(['a', set])).valid, 'valid');
});

test('model: an acknowledged write that was not agreed on, of another session, or with other data', () => {
  const write = operation({ f: 'setData', path: '/p', value: 'v1' }, { zxid: 4, version: 1 });
  assertInvalid(checkModelAgreement(write, BEGIN), /no transaction 4 was agreed on/);
  assertInvalid(checkModelAgreement(write, after(['b', set])), /of session b, not a/);
  assertInvalid(
    checkModelAgreement(write, after(['a', { ...set, value: 'x' }])),
    /holds "x" among the transactions/,
  );
  const { version: _, ...told } = write[1]!;
  assertInvalid(
    checkModelAgreement([write[0]!, { ...told, version: 2 }], after(['a', set])),
    /answered with version 2, but transaction 4 makes version 1/,
  );
});

test('model: a read from a tree that is too old, too new, or never was', () => {
  const stale = operation({ f: 'getData', path: '/p' }, { zxid: 4, value: 'v0', version: 0, mzxid: 3 });
  assertInvalid(
    checkModelAgreement(stale, after(['a', set])),
    /read version 0 of 3, but at zxid 4 it is 1 of 4/,
  );
  const early = operation({ f: 'getData', path: '/p' }, { zxid: 3, value: 'v1', version: 1, mzxid: 4 });
  assertInvalid(checkModelAgreement(early, after(['a', set])), /read version 1 of 4, but at zxid 3/);
  const missing = operation({ f: 'exists', path: '/p' }, { zxid: 3, value: null });
  assertInvalid(checkModelAgreement(missing, BEGIN), /found nothing/);
  const children = operation({ f: 'getChildren', path: '/' }, { zxid: 3, children: ['p', 'q'] });
  assertInvalid(checkModelAgreement(children, BEGIN), /read children p q, but at zxid 3 there are p/);
});

test('model: a znode without data is there', () => {
  const nothing: Change = { f: 'create', path: '/n', value: null, ephemeral: false };
  const shown = operation({ f: 'getData', path: '/n' }, { zxid: 4, value: null, version: 0, mzxid: 4 });
  assert.is(checkModelAgreement(shown, after(['a', nothing])).valid, 'valid');
  const missed = operation({ f: 'getData', path: '/n' }, { zxid: 4, value: null });
  assertInvalid(checkModelAgreement(missed, after(['a', nothing])), /found nothing, but at zxid 4/);
});

test('model: a refusal without a reason, and a refused write that happened all the same', () => {
  const refused = operation(
    { f: 'setData', path: '/p', value: 'v1', version: 0 },
    { type: 'fail', zxid: 4, error: 'BADVERSION' },
  );
  assertInvalid(
    checkModelAgreement(refused, after(['a', { f: 'error', error: 'BADVERSION' }])),
    /gives no reason/,
  );
  assertInvalid(
    checkModelAgreement(refused, after(['a', set])),
    /was refused with BADVERSION, but was applied as a setData/,
  );
});

test('model: a multi that was applied in part', () => {
  const parts = [
    { f: 'create', path: '/p/c', value: 'c' },
    { f: 'delete', path: '/p' },
  ] as const;
  const asked = operation({ f: 'multi', path: '/', parts }, { zxid: 4 });
  const create: Change = { f: 'create', path: '/p/c', value: 'c', ephemeral: false };
  assertInvalid(
    checkModelAgreement(asked, after(['a', { f: 'multi', changes: [create] }])),
    /is not that multi/,
  );
  const failed: Change = { f: 'multi', changes: [create, { f: 'error', error: 'NOTEMPTY' }] };
  assertInvalid(
    checkModelAgreement(asked, after(['a', failed])),
    /part 1 failed, and the multi was acknowledged/,
  );
});

test('model: transactions that contradict each other: a skipped version, a znode created twice, an ephemeral of a closed session (4541)', () => {
  const nothing: HistoryEvent[] = [];
  assertInvalid(
    checkModelAgreement(nothing, after(['a', { ...set, version: 2 }])),
    /makes version 2 of \/p after 0/,
  );
  const twice: Change = { f: 'create', path: '/p', value: null, ephemeral: false };
  assertInvalid(checkModelAgreement(nothing, after(['a', twice])), /creates \/p, which exists/);
  const late: Change = { f: 'create', path: '/e', value: null, ephemeral: true };
  assertInvalid(
    checkModelAgreement(nothing, after(['a', { f: 'closeSession' }], ['a', late])),
    /which is closed/,
  );
});

function seen(...sightings: readonly Sighting[]): SessionRecord[] {
  return sightings.map(sighting => ({ session: 'a', timeMs: 0, ...sighting }));
}

const armed: Sighting = { kind: 'armed', watch: 'data', path: '/p', zxid: 3 };
const told: Sighting = { kind: 'event', event: 'dataChanged', path: '/p' };

test('watches: an event comes once and before anything newer, even from another server', () => {
  const transactions = after(['b', set]);
  assert.is(
    checkWatches(seen(armed, { kind: 'reply', zxid: 3 }, told, { kind: 'reply', zxid: 4 }), transactions)
      .valid,
    'valid',
  );
  const moved: Sighting = { kind: 'moved', kept: ['data', 'child'] };
  assert.is(checkWatches(seen(armed, moved, told, { kind: 'reply', zxid: 4 }), transactions).valid, 'valid');
});

test('watches: an event that is lost, late, doubled or without a cause', () => {
  const transactions = after(['b', set]);
  const late = /saw zxid 4 before the event of its data watch on \/p: armed at 3, due at 4/;
  assertInvalid(checkWatches(seen(armed, { kind: 'reply', zxid: 4 }, told), transactions), late);
  const moved: Sighting = { kind: 'moved', kept: ['data'] };
  assertInvalid(checkWatches(seen(armed, moved, { kind: 'reply', zxid: 4 }), transactions), late);
  assertInvalid(
    checkWatches(seen(armed, told, told), transactions),
    /told dataChanged of \/p without a cause/,
  );
  assertInvalid(checkWatches(seen(armed, told), BEGIN), /without a cause/);
});

test('watches: an event of a change that is not applied yet is found; after a move the next server may be behind', () => {
  const transactions = after(['b', set]);
  const behind: Sighting = { kind: 'reply', zxid: 3 };
  assertInvalid(
    checkWatches(seen(armed, told, behind), transactions),
    /was told of 4 and then answered as of 3/,
  );
  const moved: Sighting = { kind: 'moved', kept: [] };
  assert.is(checkWatches(seen(armed, told, moved, behind), transactions).valid, 'valid');
});

const LIMITS = { timeoutMs: 4000, slackMs: 1000, alive: new Set(['a']) };
const close: Change = { f: 'closeSession' };

test('sessions: a session that expires while its client is active', () => {
  const write = operation({ f: 'setData', path: '/p', value: 'v1' }, { zxid: 4 });
  const transactions = after(['a', set], ['a', close], ['b', close]);
  assertInvalid(
    checkSessions(write, transactions, LIMITS),
    /session a expired at 500 ms, but its write of 310 ms/,
  );
  const asked = [
    ...write,
    ...operation({ f: 'closeSession', path: '' }, { zxid: 5, operation: 1 }).map(e => ({
      ...e,
      operation: 1,
    })),
  ];
  assert.is(checkSessions(asked, transactions, LIMITS).valid, 'valid');
});

test('sessions: a session that never ends, and an ephemeral that outlives its session', () => {
  assertInvalid(checkSessions([], BEGIN, LIMITS), /session b never ended, but its client is gone/);
  const ephemeral: Change = { f: 'create', path: '/e', value: null, ephemeral: true };
  const ghost = after(['b', close], ['b', ephemeral]);
  assertInvalid(checkSessions([], ghost, LIMITS), /\/e still exists, but its session b is closed/);
});

test('a server begins with znodes of its own, which no transaction created', () => {
  const model = new ModelTree();
  const session = '0x1';
  const create = { f: 'create', path: '/zookeeper/config0000000000', value: null, ephemeral: false } as const;
  const setData = { f: 'setData', path: '/zookeeper/quota', value: 'x', version: 1 } as const;
  model.apply({ zxid: 1, timeMs: 0, session, change: create });
  model.apply({ zxid: 2, timeMs: 0, session, change: setData });
  assert.equal(model.complaints, []);
  assert.equal([...model.nodes.get('/')!.children], ['zookeeper']);
});
