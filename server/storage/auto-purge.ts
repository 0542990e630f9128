import type { Logger } from '../runtime/logger.ts';
import type { Clock, Disk, Timer } from '../runtime/runtime.ts';
import { purge } from './purge.ts';

export interface AutoPurgeOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly snapDirectory: string;
  readonly logDirectory: string;
  /** autopurge.snapRetainCount */
  readonly retainCount: number;
  /** autopurge.purgeInterval; 0: never */
  readonly intervalHours: number;
}

const HOUR_MS = 3_600_000;

/** Purges now and then at every interval. A failure is a warning: it costs room, not transactions. */
export function startAutoPurge(options: AutoPurgeOptions): Timer {
  const { disk, clock, logger, snapDirectory, logDirectory, retainCount, intervalHours } = options;
  if (intervalHours <= 0) return { cancel() {} };
  const run = (): void => {
    try {
      purge(disk, snapDirectory, logDirectory, retainCount, logger);
    } catch (error) {
      logger.warn('purge failed', { reason: (error as Error).message });
    }
  };
  const first = clock.after(0, run);
  const next = clock.every(intervalHours * HOUR_MS, run);
  return {
    cancel() {
      first.cancel();
      next.cancel();
    },
  };
}
