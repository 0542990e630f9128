import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 20;
const ANSWER_MAX_MS = 2_000;

/** The version from GET /version. Releases before 2.7.0 answer with the bare version instead of JSON. */
export async function readVersion(url: string): Promise<string> {
  const response = await fetch(`${url}/version`, { signal: AbortSignal.timeout(ANSWER_MAX_MS) });
  const text = (await response.text()).trim();
  if (!response.ok || text === '') throw new Error(`GET ${url}/version answered ${response.status} ${text}`);
  return /"version":\s*"([^"]*)"/.exec(text)?.[1] ?? text;
}

/** Asks until it answers. @throws once `alive` returns false, or after `deadlineMs` */
export async function untilReady(url: string, alive: () => boolean, deadlineMs: number): Promise<string> {
  const end = performance.now() + deadlineMs;
  for (;;) {
    try {
      return await readVersion(url);
    } catch (error) {
      if (!alive() || performance.now() > end) throw error;
      await sleep(POLL_MS);
    }
  }
}
