import { assert, suite } from '#test';
import { checkAcknowledgedWrites } from './acknowledged-writes.ts';
import type { EventType, HistoryEvent, OperationName } from './history.ts';
import { operationsOf } from './history.ts';
import { type Judgement, worst } from './judgement.ts';
import { checkReplicaAgreement } from './replica-agreement.ts';
import type { FinalNode } from './run-record.ts';
import { checkSessionOrder } from './session-order.ts';
import { checkSyncFreshness } from './sync-freshness.ts';
import { checkTreeEquality } from './tree-equality.ts';
import { checkWriteOrder } from './write-order.ts';

const test = suite('checkers: each is shown a bad history');

type Detail = Partial<Pick<HistoryEvent, 'value' | 'zxid' | 'mzxid' | 'version' | 'session' | 'server'>>;

/** Builds a history call by call: each call adds one event, whose index and time follow from its position. */
class Story {
  readonly events: HistoryEvent[] = [];

  tell(type: EventType, operation: number, f: OperationName, path: string, detail: Detail = {}): this {
    const index = this.events.length;
    this.events.push({ index, timeMs: index, process: 0, operation, type, f, path, session: '1', ...detail });
    return this;
  }

  write(operation: number, f: OperationName, path: string, value: string, zxid: number): this {
    return this.tell('invoke', operation, f, path, { value }).tell('ok', operation, f, path, { zxid });
  }

  read(operation: number, path: string, value: string | null, mzxid: number, zxid = mzxid): this {
    return this.tell('invoke', operation, 'getData', path).tell('ok', operation, 'getData', path, {
      value,
      mzxid,
      zxid,
    });
  }
}

function finalTree(value: string | null, version: number, mzxid: number): Map<string, FinalNode | undefined> {
  return new Map([['/a', { value, version, mzxid }]]);
}

function created(): Story {
  return new Story().write(0, 'create', '/a', 'v0', 10);
}

function assertInvalid(judgement: Judgement, reason: RegExp): void {
  assert.is(judgement.valid, 'invalid', JSON.stringify(judgement));
  assert.match(judgement.reasons.join('\n'), reason);
}

test('acknowledged writes: a good history is valid, an empty one is unknown', () => {
  const story = created().write(1, 'setData', '/a', 'v1', 11);
  assert.is(checkAcknowledgedWrites(story.events, finalTree('v1', 1, 11)).valid, 'valid');
  assert.is(checkAcknowledgedWrites([], new Map()).valid, 'unknown');
});

test('acknowledged writes: a lost last write', () => {
  const story = created().write(1, 'setData', '/a', 'v1', 11);
  assertInvalid(checkAcknowledgedWrites(story.events, finalTree('v0', 0, 10)), /last changed at zxid 10/);
});

test('acknowledged writes: a write lost in the middle, covered by a later one', () => {
  const story = created().write(1, 'setData', '/a', 'v1', 11).write(2, 'setData', '/a', 'v2', 12);
  assertInvalid(checkAcknowledgedWrites(story.events, finalTree('v2', 1, 12)), /version 1 after 2 .* 1 lost/);
});

test('acknowledged writes: a missing znode is a loss unless somebody deleted it', () => {
  const gone = new Map([['/a', undefined]]);
  assertInvalid(checkAcknowledgedWrites(created().events, gone), /\/a is gone/);
  const deleted = created().tell('invoke', 1, 'delete', '/a').tell('ok', 1, 'delete', '/a', { zxid: 11 });
  assert.is(checkAcknowledgedWrites(deleted.events, gone).valid, 'valid');
});

test('acknowledged writes: data that nobody wrote, and data of a write that failed', () => {
  assertInvalid(checkAcknowledgedWrites(created().events, finalTree('ghost', 0, 10)), /nobody wrote/);
  const failed = created()
    .tell('invoke', 1, 'setData', '/a', { value: 'no' })
    .tell('fail', 1, 'setData', '/a');
  assertInvalid(checkAcknowledgedWrites(failed.events, finalTree('no', 0, 11)), /which failed/);
});

test('acknowledged writes: an uncertain write may have happened or not, but not twice', () => {
  const story = created()
    .tell('invoke', 1, 'setData', '/a', { value: 'v1' })
    .tell('info', 1, 'setData', '/a');
  assert.is(checkAcknowledgedWrites(story.events, finalTree('v0', 0, 10)).valid, 'valid');
  assert.is(checkAcknowledgedWrites(story.events, finalTree('v1', 1, 11)).valid, 'valid');
  assertInvalid(checkAcknowledgedWrites(story.events, finalTree('v1', 2, 12)), /happened twice/);
});

test('acknowledged writes: the newest zxid with the data of an older acknowledged write', () => {
  const story = created().write(1, 'setData', '/a', 'v1', 11);
  assertInvalid(checkAcknowledgedWrites(story.events, finalTree('v0', 1, 11)), /older than acknowledged/);
});

test('session order: a good session is valid, even when others write meanwhile', () => {
  const story = created().read(1, '/a', 'v0', 10).read(2, '/a', 'other', 15, 20);
  assert.is(checkSessionOrder(story.events).valid, 'valid');
});

test('session order: a zxid may go back between sessions, but not within one', () => {
  const back = created().read(1, '/b', 'x', 5, 9);
  assertInvalid(checkSessionOrder(back.events), /answered with zxid 9 after 10/);
  const other = created()
    .tell('invoke', 1, 'getData', '/b', { session: '2' })
    .tell('ok', 1, 'getData', '/b', { session: '2', value: 'x', mzxid: 5, zxid: 9 });
  assert.is(checkSessionOrder(other.events).valid, 'valid');
});

test('session order: a session that does not read its own write', () => {
  const story = created().write(1, 'setData', '/a', 'v1', 11).read(2, '/a', 'v0', 10, 11);
  assertInvalid(checkSessionOrder(story.events), /read as of 10 \/a, but its own write was 11/);
  const nothing = created().read(1, '/a', null, 0, 10);
  assertInvalid(checkSessionOrder(nothing.events), /found nothing at \/a/);
});

test('session order: answers out of order', () => {
  const story = new Story()
    .tell('invoke', 1, 'getData', '/a')
    .tell('invoke', 2, 'getData', '/a')
    .tell('ok', 2, 'getData', '/a', { value: 'v', mzxid: 1, zxid: 1 })
    .tell('ok', 1, 'getData', '/a', { value: 'v', mzxid: 1, zxid: 1 });
  assertInvalid(checkSessionOrder(story.events), /operation 2 was answered before 1/);
});

test('write order: a later write with a smaller zxid, and two writes with one zxid', () => {
  assert.is(checkWriteOrder(created().write(1, 'setData', '/a', 'v1', 11).events).valid, 'valid');
  assertInvalid(
    checkWriteOrder(created().write(1, 'setData', '/a', 'v1', 9).events),
    /got zxid 9, but zxid 10 was/,
  );
  const twice = new Story()
    .tell('invoke', 1, 'setData', '/a', { value: 'x' })
    .tell('invoke', 2, 'setData', '/b', { value: 'y' })
    .tell('ok', 1, 'setData', '/a', { zxid: 5 })
    .tell('ok', 2, 'setData', '/b', { zxid: 5 });
  assertInvalid(checkWriteOrder(twice.events), /share zxid 5/);
});

test('write order: two readers see different data under one zxid; a reader contradicts the writer', () => {
  const torn = created().read(1, '/b', 'x', 5).read(2, '/b', 'y', 5);
  assertInvalid(checkWriteOrder(torn.events), /read "y" from \/b at zxid 5, but operation 1 has "x"/);
  assertInvalid(checkWriteOrder(created().read(1, '/a', 'wrong', 10).events), /operation 0 has "v0"/);
});

test('sync freshness: an answer may not miss what was acknowledged before; a deposed leader answers for its own epoch', () => {
  const epoch = 0x1_0000_0000;
  const written = () => new Story().write(1, 'setData', '/a', 'x', epoch + 2);
  const synced = (story: Story, zxid: number) =>
    checkSyncFreshness(story.tell('invoke', 9, 'sync', '/a').tell('ok', 9, 'sync', '/a', { zxid }).events);
  assert.is(synced(written(), epoch + 2).valid, 'valid');
  assertInvalid(synced(written(), epoch + 1), /as of zxid 4294967297, but zxid 4294967298 was ack/);
  assert.is(synced(written(), 2 * epoch).valid, 'valid', 'a new epoch holds all of the old');
  const later = written().write(2, 'setData', '/a', 'y', 2 * epoch + 1);
  assert.is(synced(later, epoch + 2).valid, 'valid', 'of the epoch before');
  const during = new Story().tell('invoke', 9, 'sync', '/a').write(1, 'setData', '/a', 'x', epoch + 2);
  const { valid } = checkSyncFreshness(during.tell('ok', 9, 'sync', '/a', { zxid: epoch + 1 }).events);
  assert.is(valid, 'valid', 'acknowledged while the sync was under way');
});

test('sync freshness: a sync of a client of an Apache leader is not judged, all others are', () => {
  const epoch = 0x1_0000_0000;
  const synced = (server: string | undefined, zxid: number) =>
    new Story()
      .write(1, 'setData', '/a', 'x', epoch + 2)
      .tell('invoke', 9, 'sync', '/a')
      .tell('ok', 9, 'sync', '/a', { zxid, ...(server && { server }) }).events;
  const leaders = { apache: [1], follower: [], unknown: 'any' } as const;
  for (const server of ['apache', 'unknown', undefined]) {
    const { valid, checked, notes } = checkSyncFreshness(synced(server, epoch + 1), leaders);
    assert.equal([valid, checked], ['unknown', 0], server);
    assert.match(notes!.join(), /not judged, because clients of an Apache leader sent them/);
  }
  for (const server of ['follower', 'zklab'])
    assertInvalid(checkSyncFreshness(synced(server, epoch + 1), leaders), /as of zxid/);
  assertInvalid(checkSyncFreshness(synced('apache', epoch + 1)), /as of zxid/);
  const led = { apache: [2] };
  assertInvalid(checkSyncFreshness(synced(undefined, epoch + 1), led), /as of zxid/);
});

test('tree equality: equal, different, behind, and alone', () => {
  const a = { member: 'a', zxid: 7, digest: 'd7' };
  assert.is(checkTreeEquality([a, { ...a, member: 'b' }]).valid, 'valid');
  assertInvalid(checkTreeEquality([a, { ...a, member: 'b', digest: 'e7' }]), /b and a differ at zxid 7/);
  assertInvalid(checkTreeEquality([a, { ...a, member: 'b', zxid: 6 }]), /b is at zxid 6, a at 7/);
  assert.is(checkTreeEquality([a]).valid, 'unknown');
});

test('replica agreement: members at one zxid hold one tree at all times', () => {
  const a = { timeMs: 1, member: 'a', leading: true, epoch: 1, zxid: 7, digest: 'd7' };
  const b = { ...a, member: 'b', leading: false };
  assert.is(checkReplicaAgreement([a, b]).valid, 'valid');
  assert.is(checkReplicaAgreement([a, { ...b, zxid: 8, digest: 'd8' }]).valid, 'unknown');
  assertInvalid(
    checkReplicaAgreement([a, { ...b, digest: 'e7' }]),
    /at zxid 7 a had d7 at 1 ms, but b had e7 at 1 ms/,
  );
});

test('replica agreement: an epoch has one leader, though a deposed one may not know yet', () => {
  const old = { timeMs: 1, member: 'a', leading: true, epoch: 1, zxid: 7, digest: 'd7' };
  const next = { ...old, member: 'b', epoch: 2 };
  assert.is(checkReplicaAgreement([old, next, { ...old, timeMs: 9 }]).valid, 'valid');
  assertInvalid(checkReplicaAgreement([old, { ...next, epoch: 1 }]), /b and a both led epoch 1/);
});

test('the worst judgement counts; none at all is unknown', () => {
  const valid = checkTreeEquality([
    { member: 'a', zxid: 1, digest: '' },
    { member: 'b', zxid: 1, digest: '' },
  ]);
  const unknown = checkTreeEquality([]);
  assert.is(worst([valid, unknown]), 'unknown');
  assert.is(worst([valid]), 'valid');
  assert.is(worst([]), 'unknown');
});

test('a history with a misplaced completion is refused, not judged', () => {
  assert.throws(() => operationsOf(new Story().tell('ok', 1, 'sync', '/').events), /out of place/);
});
