import { assert, suite } from '#test';
import { fc } from '#test/properties';
import { VirtualClock } from './virtual-clock.ts';
import { VirtualTime } from './virtual-time.ts';

const test = suite('runtime: virtual time');

test('events run by due time, and in the order of scheduling when due together', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(20), { maxLength: 200 }), delays => {
      const time = new VirtualTime();
      const seen: { delay: number; index: number }[] = [];
      delays.forEach((delay, index) => {
        time.schedule(delay, null, () => seen.push({ delay, index }));
      });
      time.runUntilIdle();
      const expected = delays
        .map((delay, index) => ({ delay, index }))
        .sort((a, b) => a.delay - b.delay || a.index - b.index);
      assert.equal(seen, expected);
    }),
  );
});

test('no callback runs inside the call that registers it', () => {
  const clock = new VirtualClock();
  let ran = 0;
  clock.after(0, () => ran++);
  clock.atEndOfTurn(() => ran++);
  assert.is(ran, 0);
  clock.runUntilIdle();
  assert.is(ran, 2);
});

test('a cancelled timer does not run, even when cancelled by an event due at the same instant', () => {
  const clock = new VirtualClock();
  let ran = false;
  clock.after(5, () => timer.cancel());
  const timer = clock.after(5, () => {
    ran = true;
  });
  clock.runUntilIdle();
  assert.not(ran);
});

test('every() repeats until cancelled, also from inside its own callback', () => {
  const clock = new VirtualClock();
  const at: number[] = [];
  const timer = clock.every(10, () => {
    at.push(clock.monotonicMs());
    if (at.length === 3) timer.cancel();
  });
  clock.runUntilIdle();
  assert.equal(at, [10, 20, 30]);
});

test('the end of a turn runs right after its event, before the next event; flushes come last', () => {
  const clock = new VirtualClock();
  const order: string[] = [];
  clock.after(1, () => {
    clock.flushAfterTurn(() => order.push('flush'));
    clock.atEndOfTurn(() => {
      order.push('end');
      clock.atEndOfTurn(() => order.push('end, second round'));
    });
    order.push('event');
  });
  clock.after(1, () => order.push('next event'));
  clock.runUntilIdle();
  assert.equal(order, ['event', 'end', 'end, second round', 'flush', 'next event']);
});

test('work at the end of a turn that queues itself forever is refused', () => {
  const clock = new VirtualClock();
  const again = () => clock.atEndOfTurn(again);
  clock.atEndOfTurn(again);
  assert.throws(() => clock.runUntilIdle(), /without end/);
});

test('events that arrive while a turn keeps the process busy are handled together in the next turn', () => {
  const clock = new VirtualClock(undefined, { turnMs: () => 5 });
  const turns: string[][] = [];
  let turn: string[] = [];
  for (const [name, dueMs] of [
    ['a', 0],
    ['b', 1],
    ['c', 2],
    ['d', 20],
  ] as const) {
    clock.after(dueMs, () => {
      turn.push(name);
      if (turn.length > 1) return;
      clock.atEndOfTurn(() => {
        turns.push(turn);
        turn = [];
      });
    });
  }
  clock.runUntilIdle();
  assert.equal(turns, [['a'], ['b', 'c'], ['d']]);
});

test('output that waits for its turn leaves when the time of the turn is over, before the next turn', () => {
  const clock = new VirtualClock(undefined, { turnMs: () => 3, outputAfterTurn: true });
  const seen: string[] = [];
  const turn = (name: string) => () => {
    seen.push(`${name} at ${clock.monotonicMs()}`);
    clock.flushAfterTurn(() => seen.push(`output of ${name} at ${clock.monotonicMs()}`));
  };
  clock.after(1, turn('a'));
  clock.after(2, turn('b'));
  clock.runUntilIdle();
  assert.equal(seen, ['a at 1', 'output of a at 4', 'b at 4', 'output of b at 7']);
  assert.is(clock.flushes, 2);
  clock.after(1, turn('c'));
  clock.time.schedule(clock.time.nowMs + 2, null, () => clock.kill());
  clock.runUntilIdle();
  assert.equal(seen.slice(4), ['c at 8'], 'a process that is killed meanwhile sends nothing');
});

test('work for the next turn runs after what is due already; turns are counted', () => {
  const clock = new VirtualClock();
  const order: string[] = [];
  clock.after(5, () => {
    order.push(`first, turn ${clock.turns}`);
    clock.inNextTurn(() => order.push(`next, turn ${clock.turns}`));
    clock.atEndOfTurn(() => order.push(`end, turn ${clock.turns}`));
  });
  clock.after(5, () => order.push(`due as well, turn ${clock.turns}`));
  clock.runUntilIdle();
  assert.equal(order, ['first, turn 0', 'end, turn 0', 'due as well, turn 1', 'next, turn 2']);
  assert.is(clock.turns, 3);
});

test('a paused process gets its events after it resumes, a killed one never', () => {
  const time = new VirtualTime();
  const paused = new VirtualClock(time);
  const killed = new VirtualClock(time);
  const seen: string[] = [];
  paused.after(10, () => seen.push(`paused at ${time.nowMs}`));
  killed.after(10, () => seen.push('killed'));
  paused.pause();
  killed.kill();
  time.runUntilTime(100);
  assert.equal(seen, []);
  paused.resume();
  time.runUntilIdle();
  assert.equal(seen, ['paused at 100']);
});

test('no callback runs after one that kills its own process', () => {
  const clock = new VirtualClock();
  let after = 0;
  clock.after(1, () => {
    clock.atEndOfTurn(() => after++);
    clock.kill();
  });
  clock.after(2, () => after++);
  clock.runUntilIdle();
  assert.is(after, 0);
});

test('a throwing callback ends the process and is reported, or leaves through the driver', () => {
  const failures: unknown[] = [];
  const member = new VirtualClock(undefined, { onFailure: error => failures.push(error) });
  let later = false;
  member.after(1, () => {
    throw new Error('half applied');
  });
  member.after(2, () => {
    later = true;
  });
  member.runUntilIdle();
  assert.is(failures.length, 1);
  assert.not(later);
  assert.not(member.alive);

  const bare = new VirtualClock();
  bare.after(1, () => {
    throw new Error('half applied');
  });
  assert.throws(() => bare.runUntilIdle(), /half applied/);
});

test('a process with a fast clock sees its own timers on time, and the world sees them early', () => {
  const clock = new VirtualClock(undefined, { rate: 2 });
  let sawMs = 0;
  clock.after(100, () => {
    sawMs = clock.monotonicMs();
  });
  clock.runUntilIdle();
  assert.is(sawMs, 100);
  assert.is(clock.time.nowMs, 50);
});

test('the wall clock jumps, the monotonic one does not', () => {
  const clock = new VirtualClock(undefined, { wallStartMs: 1000 });
  clock.advance(10);
  clock.jumpWall(-500);
  assert.is(clock.wallMs(), 510);
  assert.is(clock.monotonicMs(), 10);
});

test('runUntil stops at the condition, or at its deadline', () => {
  const clock = new VirtualClock();
  let ticks = 0;
  clock.every(10, () => ticks++);
  assert.ok(clock.runUntil(() => ticks === 3, 1000));
  assert.is(clock.monotonicMs(), 30);
  assert.not(clock.runUntil(() => ticks === 1000, 100));
  assert.is(clock.monotonicMs(), 100);
});

test('a world that never becomes idle is reported instead of run forever', () => {
  const clock = new VirtualClock();
  clock.every(1, () => {});
  assert.throws(() => clock.runUntilIdle(1000), /not idle after 1000 events/);
});
