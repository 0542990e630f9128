/** Watches when a member stops serving and when it serves again, by polling `srvr`. */
import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fourLetterWord, parseSrvr } from '../../../bench/topology/four-letter.ts';
import type { Member } from '../../../bench/topology/member.ts';

const ANSWER_MAX_MS = 500;

export interface Served {
  /** Ms since 1970 at which the question with this answer was sent. */
  readonly at: number;
  readonly mode: string;
}

export interface WatchOptions {
  readonly everyMs: number;
  readonly maxMs: number;
  readonly signal: AbortSignal;
}

/**
 * Watches members while `body` runs, each as `servesAgain` does. At its end, and when it throws, nobody asks
 * on: that would load the members beside whatever is measured next.
 */
export async function whileWatching<T>(
  members: readonly Member[],
  { everyMs, maxMs, signal }: WatchOptions,
  body: (watches: readonly Promise<Served | undefined>[]) => Promise<T>,
): Promise<T> {
  const ended = new AbortController();
  const asking = AbortSignal.any([signal, ended.signal]);
  // One for each member, which may be hundreds.
  setMaxListeners(0, asking);
  const watches = members.map(member => servesAgain(member, everyMs, maxMs, asking));
  try {
    return await body(watches);
  } finally {
    ended.abort();
    await Promise.all(watches);
  }
}

/**
 * The first moment at which `member` serves after it was seen not to serve, or serves in a later epoch than
 * at the start. Undefined when that does not happen within `maxMs`.
 */
async function servesAgain(
  member: Member,
  everyMs: number,
  maxMs: number,
  signal: AbortSignal,
): Promise<Served | undefined> {
  const giveUpAt = performance.now() + maxMs;
  let epochBefore: string | undefined;
  let lost = false;
  while (performance.now() < giveUpAt && !signal.aborted) {
    const askedAt = performance.now();
    const state = await ask(member);
    if (state === undefined) lost = true;
    else {
      const epoch = epochText(state.zxid);
      epochBefore ??= epoch;
      if (lost || epoch !== epochBefore) return { at: Date.now(), mode: state.mode };
    }
    await sleep(Math.max(1, everyMs - (performance.now() - askedAt)), undefined, { signal }).catch(() => {});
  }
  return undefined;
}

async function ask(member: Member): Promise<{ mode: string; zxid: string } | undefined> {
  try {
    return parseSrvr(await fourLetterWord(member.plan.ports.client, 'srvr', ANSWER_MAX_MS)) ?? undefined;
  } catch {
    return undefined;
  }
}

/** A zxid is printed as 0x<epoch><counter, eight digits>. */
function epochText(zxid: string): string {
  return zxid.replace(/^0x/, '').slice(0, -8);
}
