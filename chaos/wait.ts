import { setTimeout as sleep } from 'node:timers/promises';

/** Waits; ends early, without an error, when the signal comes. */
export async function waitMs(ms: number, signal: AbortSignal | undefined): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {});
}
