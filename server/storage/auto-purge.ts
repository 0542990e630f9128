import type { Guard } from '../metrics/guard.ts';
import type { ServerEvents } from '../metrics/server-events.ts';
import type { Clock, Disk, Timer } from '../runtime/runtime.ts';
import { purgeInParts } from './purge.ts';

export interface AutoPurgeOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly events: ServerEvents;
  readonly guard: Guard;
  readonly snapDirectory: string;
  readonly logDirectory: string;
  /** autopurge.snapRetainCount */
  readonly retainCount: number;
  /** autopurge.purgeInterval; 0: never */
  readonly intervalHours: number;
}

const HOUR_MS = 3_600_000;

/**
 * Purges at the start and at every interval, in parts, one per turn. It is guarded: a failure costs disk
 * space but no transactions, since no order of removals touches files that are needed.
 */
export function startAutoPurge(options: AutoPurgeOptions): Timer {
  const { disk, clock, events, guard, snapDirectory, logDirectory, retainCount, intervalHours } = options;
  if (intervalHours <= 0) return { cancel() {} };
  let next: Timer;
  let parts: Iterator<undefined, string[]> | null = null;
  const goOn = (): void => {
    const part = guard.run('the purge of old files', () => parts?.next(), undefined);
    if (part === undefined || part.done === true) parts = null;
    else next = clock.after(0, goOn);
  };
  const begin = (): void => {
    if (parts !== null) return;
    parts = purgeInParts(disk, snapDirectory, logDirectory, retainCount, events);
    goOn();
  };
  next = clock.after(0, begin);
  const interval = clock.every(intervalHours * HOUR_MS, begin);
  return {
    cancel() {
      next.cancel();
      interval.cancel();
      parts?.return?.();
    },
  };
}
