import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 20;
const ANSWER_MAX_MS = 2_000;
const ANSWER_CHARACTERS_SHOWN = 100;

/** The version from GET /version. Releases before 2.7.0 answer with the bare version instead of JSON. */
export async function readVersion(url: string): Promise<string> {
  const answer = await fetch(`${url}/version`, { signal: AbortSignal.timeout(ANSWER_MAX_MS) })
    .then(async response => ({ response, text: (await response.text()).trim() }))
    .catch((error: Error) => {
      throw new Error(`GET ${url}/version: ${causeOf(error)}`, { cause: error });
    });
  const { response, text } = answer;
  const shown = text.slice(0, ANSWER_CHARACTERS_SHOWN);
  if (!response.ok || text === '') throw new Error(`GET ${url}/version answered ${response.status} ${shown}`);
  const version = /"version":\s*"([^"]*)"/.exec(text)?.[1] ?? /^[\w.+-]+$/.exec(text)?.[0];
  if (version === undefined) throw new Error(`GET ${url}/version answered ${shown}, which is no version`);
  return version;
}

/** What fetch itself hides behind "fetch failed". */
function causeOf({ message, cause }: Error): string {
  if (!(cause instanceof Error)) return message;
  const { code } = cause as NodeJS.ErrnoException;
  return cause.message || code || message;
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
