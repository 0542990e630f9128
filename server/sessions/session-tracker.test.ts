import { assert, suite } from '#test';
import { highOf, lowOf } from '../collections/long-map.ts';
import { VirtualClock } from '../runtime/virtual/virtual-clock.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import { SessionIds } from './session-ids.ts';
import { SessionTracker, type TrackedSession } from './session-tracker.ts';

const test = suite('sessions: the tracker');

const TICK_MS = 100;
const A = 0x0100_0000_0000_0001n;
const B = -(1n << 56n) + 3n;

function rig(sessions: readonly (readonly [bigint, number])[] = []) {
  const clock = new VirtualClock();
  const expired: bigint[] = [];
  const onExpire = (session: TrackedSession): void => void expired.push(session.id);
  const tracker = new SessionTracker(clock, TICK_MS, new Map(sessions), onExpire);
  const check = (id: bigint, owner: object): number => tracker.check(highOf(id), lowOf(id), owner);
  const remove = (id: bigint): void => tracker.remove(highOf(id), lowOf(id));
  return { clock, expired, tracker, check, remove };
}

test('a session expires once its timeout is over, between one and three ticks later, and is reported once', () => {
  for (const timeoutMs of [200, 250, 1000]) {
    const { clock, expired, tracker } = rig();
    clock.advance(33);
    tracker.track(A, timeoutMs);
    clock.advance(timeoutMs);
    assert.equal(expired, [], `${timeoutMs}`);
    clock.advance(2 * TICK_MS);
    assert.equal(expired, [A], `${timeoutMs}`);
    clock.advance(10_000);
    assert.equal(expired, [A]);
    assert.is(tracker.size, 1, 'tracked until its closeSession is applied');
  }
});

test('field report B1: sessions that run out together expire in slices; one closed meanwhile is not reported', () => {
  const { clock, expired, tracker, remove, check } = rig();
  const ids = Array.from({ length: 1200 }, (_, i) => A + BigInt(i));
  for (const id of ids) tracker.track(id, 500);
  const parts: number[] = [];
  while (tracker.size > expired.length) {
    const before = expired.length;
    assert.ok(clock.time.step());
    if (expired.length > before) parts.push(expired.length - before);
    if (parts.length === 1 && tracker.size === ids.length) {
      assert.is(check(ids.at(-1)!, {}), ErrorCode.SESSIONEXPIRED, 'closing from the first part on');
      remove(ids.at(-1)!);
    }
  }
  assert.equal(parts, [500, 500, 199]);
  assert.equal(expired, ids.slice(0, -1));
});

test('a tracker that is stopped in the middle of an expiry reports no more', () => {
  const { clock, expired, tracker } = rig();
  for (let i = 0; i < 1200; i++) tracker.track(A + BigInt(i), 500);
  while (expired.length === 0) clock.time.step();
  tracker.stop();
  clock.advance(10_000);
  assert.is(expired.length, 500);
});

test('a touched session lives on; each touch gives it the whole timeout', () => {
  const { clock, expired, tracker } = rig();
  const [a, b] = [tracker.track(A, 500), tracker.track(B, 500)];
  for (let i = 0; i < 20; i++) {
    clock.advance(400);
    assert.is(tracker.touch(a), true);
  }
  assert.equal(expired, [B]);
  assert.is(tracker.touch(b), false, 'no touch brings back what is closing');
});

test('field report C7: a late event loop reads what has arrived before it expires a session', () => {
  for (const [tickMs, timeoutMs] of [
    [1, 1],
    [1, 20],
    [100, 20],
  ] as const) {
    const clock = new VirtualClock();
    const expired: bigint[] = [];
    const tracker = new SessionTracker(clock, tickMs, new Map(), session => expired.push(session.id));
    const [pinging, silent] = [tracker.track(A, timeoutMs), tracker.track(B, timeoutMs)];
    const dueMs = pinging.expiryMs;
    clock.advance(dueMs - tickMs / 2);
    assert.equal(expired, []);
    // Less than what counts as a process that stood still; the timer is due, then the ping is read, in one
    // turn.
    clock.pause();
    clock.advance(tickMs * 0.7);
    clock.enter({ run: () => void tracker.touch(pinging) });
    clock.resume();
    clock.advance(0);
    assert.equal(expired, [B], `${tickMs} ${timeoutMs}`);
    assert.is(silent.closing, true);
  }
});

test('while the process is suspended no session expires: each keeps the time it had left, and some time to be heard from', () => {
  const { clock, expired, tracker } = rig();
  const session = tracker.track(A, 500);
  tracker.track(B, 500);
  clock.advance(450);
  clock.pause();
  clock.advance(5_000);
  clock.resume();
  clock.advance(TICK_MS / 2);
  assert.equal(expired, []);
  tracker.touch(session);
  clock.advance(4 * TICK_MS);
  assert.equal(expired, [B]);
  clock.advance(5 * TICK_MS);
  assert.equal(expired, [B, A]);
});

test('a touch with another timeout, as a PING or REVALIDATE brings it, applies that timeout', () => {
  const { clock, expired, tracker } = rig();
  const session = tracker.track(A, 500);
  tracker.touch(session, 3_000);
  clock.advance(3_000);
  assert.equal(expired, []);
  clock.advance(2 * TICK_MS);
  assert.equal(expired, [A]);
});

test('sessions of a snapshot or log start anew when a leader begins: none is older than its timeout', () => {
  const { clock, expired, tracker } = rig([
    [A, 300],
    [B, 3000],
  ]);
  assert.is(tracker.size, 2);
  clock.advance(300);
  assert.equal(expired, []);
  clock.advance(300);
  assert.equal(expired, [A]);
});

test('the first to ask for a session owns it; others get SESSIONMOVED until the session moves', () => {
  const { tracker, check } = rig();
  const session = tracker.track(A, 300);
  const [here, there] = [{}, {}];
  assert.is(check(A, here), ErrorCode.OK);
  assert.is(check(A, there), ErrorCode.SESSIONMOVED);
  session.owner = there;
  assert.is(check(A, here), ErrorCode.SESSIONMOVED);
  assert.is(check(A, there), ErrorCode.OK);
});

test('unknown, closing and removed sessions are expired to everybody', () => {
  const { tracker, check, remove } = rig();
  const owner = {};
  assert.is(check(A, owner), ErrorCode.SESSIONEXPIRED);
  tracker.track(A, 300).closing = true;
  assert.is(check(A, owner), ErrorCode.SESSIONEXPIRED);
  tracker.track(B, 300);
  remove(B);
  remove(B);
  assert.is(check(B, owner), ErrorCode.SESSIONEXPIRED);
  assert.is(tracker.size, 1);
});

test('a removed session does not expire, and a stopped tracker expires nothing', () => {
  const first = rig();
  first.tracker.track(A, 300);
  first.remove(A);
  first.clock.advance(5000);
  assert.equal(first.expired, []);
  const second = rig();
  second.tracker.track(A, 300);
  second.tracker.stop();
  second.clock.advance(5000);
  assert.equal(second.expired, []);
});

test('ids increase one by one, and a process that starts later starts above', () => {
  const clock = new VirtualClock();
  const ids = new SessionIds(4, clock);
  const first = ids.next();
  assert.equal([ids.next(), ids.next()], [first + 1n, first + 2n]);
  assert.is(BigInt.asUintN(64, first) >> 56n, 4n);
  clock.advance(1);
  assert.ok(new SessionIds(4, clock).next() > first + 2n);
  assert.is(BigInt.asUintN(64, new SessionIds(254, clock).next()) >> 56n, 254n);
});
