import { assert, suite } from '#test';
import { MemoryEnsemble } from '../memory-ensemble.test-kit.ts';
import { type LogFields, type Logger, silentLogger } from '../runtime/logging/logger.ts';
import { VirtualClock } from '../runtime/virtual/virtual-clock.ts';
import { VirtualTime } from '../runtime/virtual/virtual-time.ts';
import { countEvents } from './count-events.ts';
import { logEvents } from './log-events.ts';
import { Metrics } from './metrics.ts';
import { type ServerEvent, ServerEvents } from './server-events.ts';

const test = suite('metrics: what happened to a server');

function logged(...events: readonly ServerEvent[]): [message: string, fields: LogFields | undefined][] {
  const lines: [string, LogFields | undefined][] = [];
  const add = (message: string, fields?: LogFields) => void lines.push([message, fields]);
  const logger: Logger = { ...silentLogger, info: add, warn: add, error: add };
  const listener = logEvents({ logger, clock: new VirtualClock(new VirtualTime()) });
  for (const event of events) listener(event);
  return lines;
}

test('every listener hears every event, in the order in which they came', () => {
  const heard: string[] = [];
  const events = new ServerEvents(
    ({ kind }) => void heard.push(`first ${kind}`),
    ({ kind }) => void heard.push(`second ${kind}`),
  );
  events.emit({ kind: 'newEpoch', epoch: 1 });
  events.emit({ kind: 'leading', epoch: 1, syncedAfterMs: 5 });
  assert.equal(heard, ['first newEpoch', 'second newEpoch', 'first leading', 'second leading']);
});

test('a line has its text for people, and its kind for programs', () => {
  assert.equal(
    logged(
      { kind: 'syncBegun', mode: 'TRUNC', zxid: 0x1_0000_0002, lastLogged: 0x1_0000_0003 },
      { kind: 'elected', state: 'FOLLOWING', leader: 2, tookMs: 7.6 },
    ),
    [
      ['the master sends a TRUNC', { zxid: '0x100000002', lastLogged: '0x100000003', event: 'syncBegun' }],
      ['server 2 was elected leader', { leader: 2, tookMs: 8, event: 'elected' }],
    ],
  );
});

test('thousands of expiring sessions make a bounded number of lines, and all are counted', () => {
  const expired = Array.from(
    { length: 1_000 },
    (_, id) => ({ kind: 'sessionExpired', id: BigInt(id) }) as const,
  );
  const lines = logged(...expired);
  assert.ok(lines.length > 0 && lines.length <= 60, `${lines.length} lines`);
  const metrics = new Metrics();
  const count = countEvents(metrics);
  for (const event of expired) count(event);
  assert.is(metrics.counter('stale_sessions_expired').value, 1_000);
});

test('a starting ensemble logs its elections, its syncs with mode and bytes, and who serves', () => {
  const ensemble = new MemoryEnsemble({ voters: 3, observers: 1 }).start();
  const kinds = (sid: number) =>
    (ensemble.events.get(sid) ?? []).map(event =>
      event.kind === 'serving' ? `serving ${event.mode}` : event.kind,
    );
  const leader = [1, 2, 3].find(sid => kinds(sid).includes('leading'))!;
  const leads = kinds(leader).filter(kind => kind !== 'learnerSynced');
  assert.equal(leads, ['looking', 'elected', 'newEpoch', 'leading', 'serving leader']);
  const synced = ensemble.events.get(leader)!.filter(({ kind }) => kind === 'learnerSynced');
  assert.is(synced.length >= 2, true, 'each learner that has synced, of two followers and an observer');
  assert.equal(kinds(4).slice(-3), ['syncBegun', 'synced', 'serving observer']);
  const end = ensemble.events.get(4)!.find(event => event.kind === 'synced');
  assert.ok(end?.kind === 'synced' && end.mode !== null && end.bytes >= 0, JSON.stringify(end));
});
