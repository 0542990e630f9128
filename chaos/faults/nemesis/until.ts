/** Events of an ensemble that end a fault. Each is seen from outside, so any implementation will do. */
import { z } from 'zod';
import { fourLetterWord, mntr, parseSrvr } from '../../../bench/topology/four-letter.ts';
import { epochOf } from '../../../server/wire/zxid.ts';
import { waitMs } from '../../wait.ts';
import type { FaultMember } from '../context.ts';

/**
 * `election`: a member is in a later epoch than any was before the fault. `snapshot`: the leader has a
 * snapshot with transactions that came after. `sync-by-snap`: some learner was sent a whole snapshot.
 */
export const UNTIL_EVENTS = ['election', 'snapshot', 'sync-by-snap'] as const;
export type UntilEvent = (typeof UNTIL_EVENTS)[number];

/** Beside `forMs`, after which the fault is healed in any case. */
export const untilSchema = z.enum(UNTIL_EVENTS).describe('Heals the fault earlier: once this has come.');

export interface EventWatch {
  /** Waits for the event. How long that took, in ms; undefined when it did not come in time. */
  comes(maxMs: number, signal: AbortSignal | undefined): Promise<number | undefined>;
}

const POLL_MS = 50;
/** A member that is paused or busy is asked again. */
const ANSWER_MAX_MS = 500;

/** Begins before the fault, because the event is told from what was before. */
export async function watchFor(event: UntilEvent, members: readonly FaultMember[]): Promise<EventWatch> {
  const hasCome = await WATCHES[event](members);
  return {
    async comes(maxMs, signal) {
      const start = performance.now();
      const tookMs = () => performance.now() - start;
      while (tookMs() < maxMs && signal?.aborted !== true) {
        if (await hasCome()) return Math.round(tookMs());
        await waitMs(Math.min(POLL_MS, Math.max(0, maxMs - tookMs())), signal);
      }
      return undefined;
    },
  };
}

type Watch = (members: readonly FaultMember[]) => Promise<() => boolean | Promise<boolean>>;

const WATCHES: Readonly<Record<UntilEvent, Watch>> = {
  async election(members) {
    const before = epochOf(await highestZxid(members));
    return async () => epochOf(await highestZxid(members)) > before;
  },
  async snapshot(members) {
    const cut = await highestZxid(members);
    return async () => {
      const roles = await Promise.all(members.map(async member => member.roleOf()));
      return members.some((each, index) => roles[index] === 'leader' && (each.snapshotZxid?.() ?? 0) > cut);
    };
  },
  async 'sync-by-snap'(members) {
    const counts = new Map<string, number>();
    const look = async () => {
      const seen = await Promise.all(
        members.map(async ({ name, clientAddress }) => [name, await snapsSentBy(clientAddress)] as const),
      );
      // A member that was not seen before has not shown anything yet, and a restart begins at 0.
      const isMore = seen.some(([name, count]) => count !== undefined && count > (counts.get(name) ?? count));
      for (const [name, count] of seen) if (count !== undefined) counts.set(name, count);
      return isMore;
    };
    await look();
    return look;
  },
};

/** Of the last transaction that any member has applied; 0 when none answers. */
async function highestZxid(members: readonly FaultMember[]): Promise<number> {
  const answers = await Promise.all(
    members.map(({ clientAddress }) =>
      fourLetterWord(addressOf(clientAddress), 'srvr', ANSWER_MAX_MS).catch(() => ''),
    ),
  );
  return Math.max(0, ...answers.map(answer => Number(parseSrvr(answer)?.zxid ?? 0)));
}

async function snapsSentBy(clientAddress: string): Promise<number | undefined> {
  const answer = await mntr(addressOf(clientAddress), ANSWER_MAX_MS).catch(() => undefined);
  return answer?.numbers.get('snap_count');
}

function addressOf(text: string): { host: string; port: number } {
  const colon = text.lastIndexOf(':');
  return { host: text.slice(0, colon), port: Number(text.slice(colon + 1)) };
}
