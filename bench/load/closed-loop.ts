import type { LoadSession } from './load-session.ts';

/**
 * Keeps `depth` requests in flight on every session. It is only for saturation: a slow reply delays the
 * requests behind it, so its latencies leave out what waiting users would have felt (coordinated omission).
 * Returns what ends it.
 */
export function startClosedLoop(sessions: readonly LoadSession[], depth: number): () => void {
  let running = true;
  for (const session of sessions) {
    const fill = (): void => {
      if (!running) return;
      const now = performance.now();
      while (session.inFlight < depth && session.canSend) session.send(now, now);
    };
    session.onReady = fill;
    fill();
  }
  return () => {
    running = false;
  };
}
