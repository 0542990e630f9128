import type { Arrivals } from './arrivals.ts';
import type { LoadRecorder } from './load-recorder.ts';
import type { LoadSession } from './load-session.ts';

/**
 * Sends at most this many overdue requests at once. Replies must be read in between, or they would look slow.
 */
const SENDS_PER_TURN_MAX = 2_000;

/**
 * Sends each request when the schedule says, round robin over the sessions, and never waits for replies. A
 * request that no session can take is dropped and counted. It is not postponed, because then the load would
 * follow the server. Timers have a resolution of 1 ms, so sends come up to about 1 ms after their intended
 * start; response latency counts from the intended start, and the lateness is recorded beside it. Returns
 * what ends the loop: requests that are due by then, inside the window, are still sent late, so that every
 * intended request is accounted for.
 */
export function startOpenLoop(
  sessions: readonly LoadSession[],
  arrivals: Arrivals,
  startMs: number,
  recorder: LoadRecorder,
): () => void {
  let running = true;
  let turn = 0;
  let nextMs = startMs + arrivals();

  const send = (intendedMs: number, nowMs: number): void => {
    for (let tried = 0; tried < sessions.length; tried++) {
      const session = sessions[turn]!;
      turn = (turn + 1) % sessions.length;
      if (session.canSend) {
        session.send(intendedMs, nowMs);
        return;
      }
    }
    recorder.onDropped(intendedMs);
  };

  const tick = (): void => {
    if (!running) return;
    const nowMs = performance.now();
    for (let sent = 0; nextMs <= nowMs && sent < SENDS_PER_TURN_MAX; sent++) {
      send(nextMs, nowMs);
      nextMs = startMs + arrivals();
    }
    if (nextMs <= nowMs) setImmediate(tick);
    else setTimeout(tick, Math.max(1, Math.floor(nextMs - nowMs)));
  };
  tick();
  return () => {
    if (!running) return;
    running = false;
    const nowMs = performance.now();
    const dueMs = Math.min(nowMs, recorder.untilMs);
    for (; nextMs < dueMs; nextMs = startMs + arrivals()) send(nextMs, nowMs);
  };
}
