/** What Apache ZooKeeper 3.8.0 answers around the end of a session, in the smallest histories of it. */
import { assert, suite } from '#test';
import type { HistoryEvent } from './history.ts';
import { checkModelAgreement } from './model-agreement.ts';
import type { Sighting } from './run-record.ts';
import type { Change, Transaction } from './transaction.ts';
import { checkWatches } from './watches.ts';

const test = suite('checkers: closed sessions');

const log = (...entries: readonly (readonly [session: string, change: Change])[]): Transaction[] =>
  entries.map(([session, change], at) => ({ zxid: at + 1, timeMs: at, session, change }));
const open: Change = { f: 'createSession', timeoutMs: 4000 };
const create = (path: string, ephemeral: boolean): Change => ({ f: 'create', path, value: '', ephemeral });

/** Session a has an ephemeral below /p, the only child, and is closed with zxid 5. */
const BEGIN = [
  ['a', open],
  ['b', open],
  ['b', create('/p', false)],
  ['a', create('/p/e', true)],
  ['a', { f: 'closeSession' }],
] as const;
const REFUSED = ['b', { f: 'error', error: 'NOTEMPTY' }] as const;

let index = 0;
const event = (of: Partial<HistoryEvent>): HistoryEvent => ({
  ...{ index: index++, timeMs: index, process: 1, operation: 0, type: 'invoke', f: 'delete', path: '/p' },
  ...{ session: 'b', server: 'one', ...of },
});
/** A server shows that it has applied everything up to a zxid. */
const shows = (operation: number, server: string, zxid: number) => [
  event({ operation, f: 'sync' }),
  event({ operation, f: 'sync', type: 'ok', server, zxid }),
];
const refused = (zxid: number) => event({ type: 'fail', error: 'NOTEMPTY', zxid });

test('model: NOTEMPTY is right while no server has shown the closeSession that empties the znode', () => {
  const judged = checkModelAgreement([event({}), refused(6)], log(...BEGIN, REFUSED));
  assert.equal([judged.valid, judged.reasons], ['valid', []]);
});

test('model: NOTEMPTY is wrong once every server has shown that closeSession, and not before', () => {
  const transactions = log(...BEGIN, REFUSED);
  const other = shows(7, 'two', 4);
  const one = [...other, ...shows(8, 'one', 5), event({}), refused(6)];
  assert.is(checkModelAgreement(one, transactions).valid, 'valid', 'the leader may be the other one');
  const both = [...other, ...shows(8, 'one', 5), ...shows(9, 'two', 5), event({}), refused(6)];
  assert.match(checkModelAgreement(both, transactions).reasons.join(), /gives no reason/);
});

test('model: NOTEMPTY stays right while changes of the znode follow that the leader has not applied', () => {
  const child = create('/p/c', false);
  const transactions = log(...BEGIN, ['b', child], ['b', { f: 'delete', path: '/p/c' }], REFUSED);
  const asked = (operation: number, f: 'create' | 'delete') =>
    event({ operation, f, path: '/p/c', value: '' });
  const answered = (operation: number, f: 'create' | 'delete', zxid: number) =>
    event({ operation, f, path: '/p/c', type: 'ok', zxid });
  const piled = [
    ...[asked(1, 'create'), asked(2, 'delete')],
    ...[answered(1, 'create', 6), event({}), answered(2, 'delete', 7), refused(8)],
  ];
  assert.is(checkModelAgreement(piled, transactions).valid, 'valid');
  const calm = [
    ...[...shows(3, 'one', 5), asked(1, 'create'), answered(1, 'create', 6)],
    ...[asked(2, 'delete'), answered(2, 'delete', 7), event({}), refused(8)],
  ];
  assert.match(checkModelAgreement(calm, transactions).reasons.join(), /gives no reason/);
});

test('model: NOTEMPTY of a new leader, or of a znode that lost no child to a closeSession, is wrong', () => {
  const epoch = 2 ** 32;
  const later = [...log(...BEGIN), { zxid: epoch + 1, timeMs: 9, session: 'b', change: REFUSED[1] }];
  assert.match(checkModelAgreement([event({}), refused(epoch + 1)], later).reasons.join(), /gives no reason/);
  const deleted = log(...BEGIN.slice(0, 4), ['a', { f: 'delete', path: '/p/e' }], REFUSED);
  assert.match(checkModelAgreement([event({}), refused(6)], deleted).reasons.join(), /gives no reason/);
});

const seen = (...sightings: readonly Sighting[]) =>
  sightings.map(sighting => ({ session: 'a', timeMs: 0, ...sighting }));
const set = ['b', { f: 'setData', path: '/p', value: 'v', version: 1 }] as const;
const armed = { kind: 'armed', watch: 'data', path: '/p', zxid: 4 } as const;

test('watches: a closed session is owed no event of a later change, though refused with a later zxid', () => {
  assert.is(checkWatches(seen(armed, { kind: 'reply', zxid: 7 }), log(...BEGIN, set)).valid, 'valid');
});

test('watches: a closed session is owed the events of what was changed before its end', () => {
  const before = log(...BEGIN.slice(0, 4), set, ['a', { f: 'closeSession' }]);
  const judged = checkWatches(seen(armed, { kind: 'reply', zxid: 6 }), before);
  assert.match(judged.reasons.join(), /saw zxid 6 before the event of its data watch on \/p/);
});
