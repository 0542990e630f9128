import process from 'node:process';
import { graceMs } from './grace.ts';

const POLL_MS_MAX = 20;

/** What keeps the process alive: how many handles of each kind. */
export type OpenHandles = ReadonlyMap<string, number>;

export function openHandles(): OpenHandles {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return counts;
}

/**
 * Waits until no more handles are open than `before`, or the grace period is over. Returns the kinds of those
 * that stay open.
 */
export async function handlesLeftOpen(before: OpenHandles): Promise<string[]> {
  const giveUpAt = performance.now() + graceMs();
  for (let waitMs = 0; ; waitMs = Math.min(waitMs + 1, POLL_MS_MAX)) {
    // A handle that was closed counts until the loop has told its owner.
    await new Promise(resume => setImmediate(resume));
    const left = [...openHandles()].flatMap(([kind, count]) =>
      Array<string>(Math.max(count - (before.get(kind) ?? 0), 0)).fill(kind),
    );
    if (left.length === 0 || performance.now() >= giveUpAt) return left;
    await new Promise(resume => setTimeout(resume, waitMs));
  }
}
