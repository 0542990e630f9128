import type { LoadSession } from './load-session.ts';

/**
 * Keeps `depth` requests in flight on every session. It is only for saturation: a slow reply delays the
 * requests behind it, so its latencies leave out what waiting users would have felt (coordinated omission).
 * The replies of a chunk are answered at once behind it, with one timestamp. Returns what ends it.
 */
export function startClosedLoop(sessions: readonly LoadSession[], depth: number): () => void {
  let running = true;
  for (const session of sessions) {
    let isDue = false;
    const fill = (): void => {
      isDue = false;
      if (!running) return;
      const now = performance.now();
      while (session.inFlight < depth && session.canSend) session.send(now, now);
    };
    session.onReady = () => {
      if (isDue) return;
      isDue = true;
      process.nextTick(fill);
    };
    fill();
  }
  return () => {
    running = false;
  };
}
