import { assert, suite } from '#test';
import { VirtualClock, WALL_START_MS } from '../virtual/virtual-clock.ts';
import { faultyClock } from './faulty-clock.ts';

const test = suite('runtime: a clock with injected faults');

test('the wall clock jumps and jumps back, and no timer notices', () => {
  const real = new VirtualClock();
  const { clock, set } = faultyClock(real);
  let fired = 0;
  clock.after(1_000, () => {
    fired += 1;
  });
  set({ offsetMs: 3_600_000 });
  assert.is(clock.wallMs(), WALL_START_MS + 3_600_000);
  assert.is(clock.monotonicMs(), real.monotonicMs());
  real.advance(999);
  assert.is(fired, 0);
  set({});
  assert.is(clock.wallMs(), WALL_START_MS + 999);
  real.advance(1);
  assert.is(fired, 1);
});

test('a drift grows from where it began, and is over with its fault', () => {
  const real = new VirtualClock();
  const { clock, set } = faultyClock(real);
  real.advance(10_000);
  set({ rate: 1.5 });
  assert.is(clock.wallMs(), WALL_START_MS + 10_000);
  real.advance(1_000);
  assert.is(clock.wallMs(), WALL_START_MS + 11_500);
  // The same fault again, as when another one joins it, is no new beginning.
  set({ rate: 1.5 });
  assert.is(clock.wallMs(), WALL_START_MS + 11_500);
  set({ rate: 0.5 });
  real.advance(1_000);
  assert.is(clock.wallMs(), WALL_START_MS + 11_500);
  set({});
  assert.is(clock.wallMs(), WALL_START_MS + 12_000);
});
