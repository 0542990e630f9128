/** Notices that a Toxiproxy serves no more: it ended, stands still, or was replaced by an empty one. */
import { setTimeout as sleep } from 'node:timers/promises';
import { readVersion } from './ready.ts';
import type { Toxiproxy } from './toxiproxy.ts';

/** On a busy machine it may miss one question, or refuse a connection. */
const ATTEMPTS = 5;
const PAUSE_MS = 200;

/** Why `toxiproxy` serves no more; undefined while it does. */
export async function whyLost(toxiproxy: Toxiproxy): Promise<string | undefined> {
  const { kind, url, pid } = toxiproxy;
  const name = `${kind === 'stand-in' ? 'the stand-in for Toxiproxy' : 'Toxiproxy'} at ${url}`;
  const process = pid === undefined ? '' : ` (process ${pid})`;
  for (let attempt = 1; ; attempt++) {
    const exit = toxiproxy.exit();
    if (exit !== undefined) return `${name}${process} ended by itself with ${exit}`;
    try {
      await readVersion(url);
      return undefined;
    } catch (error) {
      if (attempt === ATTEMPTS) return `${name}${process} answers no more: ${(error as Error).message}`;
    }
    await sleep(PAUSE_MS);
  }
}
