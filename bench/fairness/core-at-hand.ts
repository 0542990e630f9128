/**
 * Takes the operating system out of a quiet client's wait: its server and the driver that measures it get a
 * core before everybody else, and what is left of the wait is the server's own work.
 */
import { giveRealTime, prefer, type Undo, waitedForCoreMs } from '../hosts/process-priority.ts';

export interface CoreUsers {
  readonly serverPid: number;
  readonly driverPid: number;
}

export interface WithCoreAtHand<T> {
  readonly value: T;
  /** Why the value is not that of a server with a core at hand, one sentence each. */
  readonly voidReasons: readonly string[];
}

/**
 * Share of the time that the first thread of each may have waited for a core all the same. Without a core at
 * hand, a server beside large writes waits for half of it.
 */
const WAITED_SHARE_MAX = { server: 0.2, driver: 0.02 };

/** Only where `noPreference` has nothing to say. */
export async function withCoreAtHand<T>(
  { serverPid, driverPid }: CoreUsers,
  run: () => Promise<T>,
): Promise<WithCoreAtHand<T>> {
  const undos: Undo[] = [];
  try {
    undos.push(prefer(serverPid), await giveRealTime(driverPid));
    const waited = () => ({ server: waitedForCoreMs(serverPid), driver: waitedForCoreMs(driverPid) });
    const before = waited();
    const fromMs = performance.now();
    const value = await run();
    const elapsedMs = performance.now() - fromMs;
    const after = waited();
    const voidReasons = (['server', 'driver'] as const).flatMap(user => {
      const waitedMs = after[user] - before[user];
      return waitedMs <= elapsedMs * WAITED_SHARE_MAX[user]
        ? []
        : [
            `the ${user} waited ${waitedMs.toFixed(0)} of ${elapsedMs.toFixed(0)} ms for a core, although it was preferred`,
          ];
    });
    return { value, voidReasons };
  } finally {
    for (const undo of undos) await undo();
  }
}
