import { assert, suite } from '#test';
import { END_LINGER_MS, END_MS_MAX, END_STALLED_MS, Linger } from './linger.ts';
import { VirtualClock } from './virtual/virtual-clock.ts';

const test = suite('runtime: waiting for a peer at the end');

/** How long Linger waits for a peer that leaves `queuedAt(ms)` bytes queued. */
function patience(queuedAt: (ms: number) => number): number {
  const clock = new VirtualClock();
  const connection = {
    get bytesQueued() {
      return queuedAt(clock.monotonicMs());
    },
  };
  let gaveUpMs = -1;
  new Linger(clock, connection, () => {
    gaveUpMs = clock.monotonicMs();
  });
  clock.runUntilIdle();
  return gaveUpMs;
}

test('field report B4: Linger waits for a peer that pauses and reads on, from the last byte it took', () => {
  assert.is(
    patience(ms => (ms < 20_000 ? 100 : Math.max(0, 100 - (ms - 20_000) / 1000))),
    20_000 + 100_000 + END_LINGER_MS,
  );
});

test('with nothing queued it waits for the close, with nothing read for a stall, and in the end gives everybody up', () => {
  assert.is(
    patience(() => 0),
    END_LINGER_MS,
  );
  assert.is(
    patience(() => 7),
    END_STALLED_MS,
  );
  assert.is(
    patience(ms => 1e9 - ms),
    END_MS_MAX,
  );
});

test('a peer that reads everything at once then has the time to close', () => {
  assert.is(
    patience(ms => (ms < 1 ? 500 : 0)),
    2 * END_LINGER_MS,
  );
});

test('a cancelled Linger gives nobody up', () => {
  const clock = new VirtualClock();
  new Linger(clock, { bytesQueued: 0 }, () => assert.unreachable()).cancel();
  clock.runUntilIdle();
  assert.is(clock.monotonicMs(), 0);
});
