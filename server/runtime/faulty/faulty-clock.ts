import type { Clock } from '../runtime.ts';

export interface ClockFaults {
  /** The wall clock is ahead by this much; a change of it is a jump. */
  readonly offsetMs?: number | undefined;
  /** Speed of the wall clock from now on: 1.01 gains 10 ms per second. */
  readonly rate?: number | undefined;
}

export interface FaultyClock {
  readonly clock: Clock;
  set(faults: ClockFaults): void;
}

/** `clock` whose wall clock is wrong. Timers and the monotonic clock stay right, as in a real machine. */
export function faultyClock(clock: Clock): FaultyClock {
  let offsetMs = 0;
  let rate = 1;
  let sinceMs = 0;
  const driftMs = (): number => (rate === 1 ? 0 : (clock.monotonicMs() - sinceMs) * (rate - 1));
  return {
    set(faults) {
      offsetMs = faults.offsetMs ?? 0;
      const asked = faults.rate ?? 1;
      if (asked === rate) return;
      rate = asked;
      sinceMs = clock.monotonicMs();
    },
    clock: {
      wallMs: () => Math.round(clock.wallMs() + offsetMs + driftMs()),
      monotonicMs: () => clock.monotonicMs(),
      after: (delayMs, run) => clock.after(delayMs, run),
      every: (intervalMs, run) => clock.every(intervalMs, run),
      atEndOfTurn: run => clock.atEndOfTurn(run),
      inNextTurn: run => clock.inNextTurn(run),
      get turns() {
        return clock.turns;
      },
      get flushes() {
        return clock.flushes;
      },
    },
  };
}
