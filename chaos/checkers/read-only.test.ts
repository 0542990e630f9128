/** The checkers of read-only servers and local sessions, each shown what it must find. */
import { assert, suite } from '#test';
import type { HistoryEvent } from './history.ts';
import type { Judgement } from './judgement.ts';
import { checkLocalSessions } from './local-sessions.ts';
import { checkReadOnlyObservers } from './read-only-observers.ts';
import type { ReaderConnection, ReadOnlyOutage, ReadOnlyRecord } from './read-only-record.ts';
import { checkReadOnlyWrites } from './read-only-writes.ts';
import type { Change, Transaction } from './transaction.ts';

const test = suite('checkers: read-only servers and local sessions');

const SESSION = '400000000000001';
const MEMBER = 'zk4';
const OUTAGE = { fromMs: 1000, untilMs: 5000 };

function assertInvalid(judgement: Judgement, reason: RegExp): void {
  assert.is(judgement.valid, 'invalid', JSON.stringify(judgement));
  assert.match(judgement.reasons.join('\n'), reason);
}

function assertValid(judgement: Judgement): void {
  assert.equal(judgement.reasons, []);
  assert.is(judgement.valid, 'valid');
}

type Asked = Partial<HistoryEvent> & Pick<HistoryEvent, 'f'>;

/** One operation: what was asked at `atMs`, and what was answered 10 ms later. */
function asked(atMs: number, request: Asked, answer: Partial<HistoryEvent>): HistoryEvent[] {
  const base = { index: 0, process: 1, operation: 0, path: '/a', session: SESSION };
  const { f } = request;
  return [
    { ...base, type: 'invoke', timeMs: atMs, ...request },
    { ...base, type: 'ok', timeMs: atMs + 10, f, ...answer },
  ];
}

const committed = (zxid: number, change: Change, timeMs = zxid, session = SESSION): Transaction => ({
  ...{ zxid, timeMs, session, change },
});

const REFUSED: Partial<HistoryEvent> = { type: 'fail', error: 'NOTREADONLY', readOnly: true, zxid: 4 };

test('read-only writes: a write that a read-only server accepts, or refuses for another reason', () => {
  const write = { f: 'setData', value: 'x' } as const;
  assertValid(checkReadOnlyWrites(asked(0, write, REFUSED), []));
  assertInvalid(checkReadOnlyWrites(asked(0, write, { readOnly: true, zxid: 5 }), []), /was accepted by/);
  assertInvalid(
    checkReadOnlyWrites(asked(0, write, { ...REFUSED, error: 'NONODE' }), []),
    /was refused with NONODE by/,
  );
  const close = { f: 'closeSession' } as const;
  assertValid(checkReadOnlyWrites(asked(0, close, { readOnly: true, zxid: 5 }), []));
});

test('read-only writes: a refused write that happens, alone or in a multi', () => {
  const set: Change = { f: 'setData', path: '/a', value: 'x', version: 1 };
  const part = { f: 'setData', path: '/a', value: 'x' } as const;
  for (const request of [{ f: 'setData', value: 'x' } as const, { f: 'multi', parts: [part] } as const])
    for (const change of [set, { f: 'multi', changes: [set] } as const])
      assertInvalid(
        checkReadOnlyWrites(asked(0, request, REFUSED), [committed(7, change)]),
        /refused with NOTREADONLY, and is transaction 7/,
      );
  const failed: Change = { f: 'multi', changes: [set, { f: 'error', error: 'NONODE' }] };
  assertValid(checkReadOnlyWrites(asked(0, { f: 'setData', value: 'x' }, REFUSED), [committed(7, failed)]));
});

test('local sessions: an id that comes twice, or that names another member', () => {
  const sids = new Map([
    ['zk4', 4],
    ['zk1', 1],
  ]);
  const opened = (...sessions: [session: string, member: string][]) => ({
    opened: sessions.map(([session, member]) => ({ session, member, timeMs: 0 })),
    ...{ sids, areUpgraded: true },
  });
  const other = '400000000000002';
  assertValid(checkLocalSessions([], [], opened([SESSION, 'zk4'], [other, 'zk4'])));
  assertInvalid(checkLocalSessions([], [], opened([SESSION, 'zk4'], [SESSION, 'zk4'])), /was opened by zk4/);
  assertInvalid(checkLocalSessions([], [], opened([SESSION, 'zk1'])), /does not name zk1/);
});

test('local sessions: a session is global only after its client has asked for an ephemeral, and once', () => {
  const records = (areUpgraded: boolean) => ({ opened: [], sids: new Map<string, number>(), areUpgraded });
  const begin: Change = { f: 'createSession', timeoutMs: 4000 };
  const begun = [committed(100, begin)];
  const ephemeral = asked(50, { f: 'create', flags: 1 }, { zxid: 101 });
  assertValid(checkLocalSessions(ephemeral, begun, records(true)));
  const part = { f: 'create', path: '/a', flags: 1 } as const;
  assertValid(checkLocalSessions(asked(50, { f: 'multi', parts: [part] }, {}), begun, records(true)));
  assertInvalid(checkLocalSessions(ephemeral, begun, records(false)), /nothing asked for that/);
  const plain = asked(50, { f: 'create', flags: 2 }, { zxid: 101 });
  assertInvalid(checkLocalSessions(plain, begun, records(true)), /nothing asked for that/);
  const late = asked(150, { f: 'create', flags: 1 }, { zxid: 101 });
  assertInvalid(checkLocalSessions(late, begun, records(true)), /nothing asked for that/);
  assertInvalid(
    checkLocalSessions(ephemeral, [...begun, committed(101, begin)], records(true)),
    /begins session \w+ again/,
  );
  assertInvalid(
    checkLocalSessions(ephemeral, [committed(102, { f: 'closeSession' })], records(true)),
    /ends session \w+, which no transaction has begun/,
  );
});

function recordOf(
  connection: Partial<ReaderConnection>,
  outage: Partial<ReadOnlyOutage> = {},
  more: Partial<ReadOnlyRecord> = {},
): ReadOnlyRecord {
  return {
    connections: [
      {
        ...{ process: 1, session: SESSION, member: MEMBER, fromMs: 0, untilMs: Number.POSITIVE_INFINITY },
        ...{ reason: null, wasWanted: false, states: ['connected'] },
        ...connection,
      },
    ],
    outages: [{ member: MEMBER, lastPacketMs: 500, ...OUTAGE, end: 'back', ...outage }],
    troubles: [],
    expired: new Map(),
    areUpgraded: false,
    limits: { sessionTimeoutMs: 4000, maxStaleMs: 0, driftMax: 0, slackMs: 500 },
    ...more,
  };
}

const READ = asked(2000, { f: 'getData' }, { zxid: 4, value: 'x' });
const LOST = { untilMs: 3000, reason: 'ECONNRESET' };
const judged = (record: ReadOnlyRecord, history = READ, transactions: readonly Transaction[] = []) =>
  checkReadOnlyObservers(history, transactions, record);

test('read-only observers: a lost connection, unless there is a reason for it', () => {
  assertValid(judged(recordOf({})));
  assertInvalid(judged(recordOf(LOST)), /zk4 lost the connection of client 1 .* ECONNRESET/);
  assertInvalid(judged(recordOf({ ...LOST, untilMs: 8000 })), /lost the connection/);
  assertValid(judged(recordOf({ ...LOST, wasWanted: true })));
  assertValid(judged(recordOf(LOST), READ, [committed(1, { f: 'createSession', timeoutMs: 1 })]));
  const asksFirst = asked(100, { f: 'create', flags: 1 }, { type: 'info' });
  assertValid(judged(recordOf(LOST, {}, { areUpgraded: true }), asksFirst));
  assertInvalid(judged(recordOf(LOST), asksFirst), /lost the connection/);
  assertValid(judged(recordOf(LOST, {}, { expired: new Map([[SESSION, 2990]]) })));
  assertInvalid(judged(recordOf(LOST, {}, { expired: new Map([[SESSION, 3001]]) })), /lost the connection/);
  const trouble = { member: MEMBER, fromMs: 2500, untilMs: 2600 };
  assertValid(judged(recordOf(LOST, {}, { troubles: [trouble] })));
  assertInvalid(
    judged(recordOf(LOST, {}, { troubles: [{ ...trouble, member: 'zk1' }] })),
    /lost the connection/,
  );
});

test('read-only observers: a SNAP or TRUNC drops everybody, at its time', () => {
  const end = 'dropped in a sync';
  assertValid(judged(recordOf({ ...LOST, untilMs: 5100 }, { end })));
  assertInvalid(judged(recordOf(LOST, { end })), /lost the connection/);
  assertInvalid(judged(recordOf({ ...LOST, untilMs: 7000 }, { end })), /lost the connection/);
  assertInvalid(judged(recordOf({}, { end: 'kept' })), /served its clients on, though/);
});

test('read-only observers: a failed read, and one that is only lost with its connection', () => {
  const failed = asked(2000, { f: 'exists' }, { type: 'fail', error: 'CONNECTIONLOSS', zxid: 4 });
  assertInvalid(judged(recordOf({}), failed), /exists \/a at zk4 failed with CONNECTIONLOSS/);
  const lost = asked(2000, { f: 'exists' }, { type: 'fail', error: 'ECONNRESET' });
  assertValid(judged(recordOf({}), lost));
});

test('read-only observers: each client is told of the outage once, and once of its end', () => {
  assertValid(judged(recordOf({ states: ['connected', 'read-only', 'connected', 'read-only'] })));
  assertInvalid(
    judged(recordOf({ states: ['connected', 'read-only', 'read-only'] })),
    /twice in a row that it is read-only/,
  );
  assertInvalid(judged(recordOf({ states: ['connected', 'connected'] })), /twice in a row/);
});

test('read-only observers: nobody reads what is older than maxStaleMs, and nobody is dropped before', () => {
  const limits = (maxStaleMs: number, driftMax = 0) => ({
    limits: { sessionTimeoutMs: 4000, slackMs: 100, maxStaleMs, driftMax },
  });
  assertInvalid(judged(recordOf({}, {}, limits(1000))), /read what was 1500 ms old, and maxStaleMs is 1000/);
  assertValid(judged(recordOf({}, {}, limits(1400))));
  assertValid(judged(recordOf({}, {}, limits(1350, 0.05))));
  const dropped = { end: 'dropped', untilMs: 3000 } as const;
  assertValid(judged(recordOf({ ...LOST, untilMs: 3050 }, dropped, limits(2400))));
  assertInvalid(judged(recordOf({}, dropped, limits(4000))), /dropped its clients at 3000 ms, 2500 ms after/);
  assertInvalid(judged(recordOf({}, dropped)), /for no reason/);
});
