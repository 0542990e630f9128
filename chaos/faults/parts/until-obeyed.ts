import { setTimeout as sleep } from 'node:timers/promises';
import type { FaultMember } from '../context.ts';

const POLL_MS = 10;
const OBEYED_MAX_MS = 5_000;

/** @throws Error when a signal has had no effect in time */
export async function untilObeyed(
  member: FaultMember,
  signal: NodeJS.Signals,
  effect: () => boolean,
): Promise<void> {
  const end = performance.now() + OBEYED_MAX_MS;
  while (!effect()) {
    if (performance.now() > end)
      throw new Error(
        `process ${member.pid} of ${member.name} has not obeyed ${signal} after ${OBEYED_MAX_MS} ms`,
      );
    await sleep(POLL_MS);
  }
}
