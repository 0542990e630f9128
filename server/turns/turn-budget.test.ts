import { assert, suite } from '#test';
import { VirtualClock } from '../runtime/virtual/virtual-clock.ts';
import { LEAST_SLICE_MS, TURN_MS, TURN_UNITS, TurnBudget } from './turn-budget.ts';

const test = suite('processors: the budget of a turn');

/** A budget inside a turn that lasts until the test is over, on a clock that the test moves. */
function inTurn(body: (budget: TurnBudget, clock: { nowMs: number; reads: number }) => void): void {
  const virtual = new VirtualClock();
  const hand = { nowMs: 100, reads: 0 };
  virtual.monotonicMs = () => {
    hand.reads++;
    return hand.nowMs;
  };
  const budget = new TurnBudget(virtual);
  virtual.after(1, () => body(budget, hand));
  virtual.runUntilIdle();
}

test('a turn ends by the clock, or by the work done in it where the clock stands still', () => {
  inTurn((budget, clock) => {
    assert.is(budget.turnIsOver, false, 'before anything was counted');
    budget.saw(clock.nowMs);
    budget.saw(clock.nowMs + TURN_MS - 0.01);
    assert.is(budget.turnIsOver, false);
    budget.saw(clock.nowMs + TURN_MS);
    assert.is(budget.turnIsOver, true);
  });
  inTurn((budget, clock) => {
    budget.saw(clock.nowMs);
    for (let spent = 0; spent < TURN_UNITS; spent += 10) {
      assert.is(budget.turnIsOver, false, `${spent} units`);
      budget.spend(10);
    }
    assert.is(budget.turnIsOver, true);
  });
});

test('the next turn has a budget of its own', () => {
  const clock = new VirtualClock();
  const budget = new TurnBudget(clock);
  const seen: boolean[] = [];
  for (let turn = 0; turn < 3; turn++) {
    clock.after(1, () => {
      budget.saw(clock.monotonicMs());
      seen.push(budget.turnIsOver);
      budget.spend(TURN_UNITS);
      seen.push(budget.turnIsOver);
    });
  }
  clock.runUntilIdle();
  assert.equal(seen, [false, true, false, true, false, true]);
});

test('the clock is read after little work, and not again where somebody has just read it', () => {
  inTurn((budget, clock) => {
    budget.beginSlice(clock.nowMs, 0);
    for (let i = 0; i < 1000; i++) {
      budget.spend(1);
      budget.saw(clock.nowMs);
    }
    assert.is(clock.reads, 0);
    clock.nowMs += TURN_MS;
    let units = 0;
    while (!budget.sliceIsOver) {
      budget.spend(1);
      units++;
    }
    assert.ok(units <= 200, `${units} units until it looked`);
    assert.is(clock.reads, 1);
  });
});

test('a slice is the rest of the turn when nobody waits, a share when others do, the least when the turn is over', () => {
  const lengthOf = (waiting: number, spentMs: number): number => {
    let length = 0;
    inTurn((budget, clock) => {
      budget.saw(clock.nowMs);
      const startMs = clock.nowMs + spentMs;
      budget.beginSlice(startMs, waiting);
      while (!budget.sliceIsOver) {
        length += 0.05;
        budget.saw(startMs + length);
      }
      assert.ok(Math.abs(budget.sliceMs - length) < 0.001);
    });
    return length;
  };
  for (const [waiting, spentMs, expected] of [
    [0, 0, TURN_MS],
    [0, 2, TURN_MS - 2],
    [1, 0, TURN_MS / 2],
    [1, 4, 1],
    [1000, 0, LEAST_SLICE_MS],
    [0, TURN_MS, LEAST_SLICE_MS],
    [5, 100, LEAST_SLICE_MS],
  ] as const) {
    const length = lengthOf(waiting, spentMs);
    assert.ok(Math.abs(length - expected) < 0.1, `${length} with ${waiting} waiting, ${spentMs} ms spent`);
  }
});

test('a slice ends by its units where the clock stands still, and costs the time they stand for', () => {
  inTurn((budget, clock) => {
    budget.beginSlice(clock.nowMs, 1);
    let units = 0;
    while (!budget.sliceIsOver) {
      budget.spend(1);
      units++;
    }
    assert.is(units, TURN_UNITS / 2);
    assert.is(budget.sliceMs, TURN_MS / 2);
  });
});
