/** When an ensemble counts as up: by the answers of its members, never by the clock. */
import { setTimeout as sleep } from 'node:timers/promises';
import { formatExit } from '../hosts/host.ts';
import { EnsembleError } from './ensemble-error.ts';
import type { Member, MemberMode } from './member.ts';
import type { MemberRole } from './topology.ts';

/** A JVM takes 2 s on an idle core; seven of them on two cores take ten times that. */
export const READY_MAX_MS = 90_000;
const POLL_MS = 50;
const LOG_LINES_SHOWN = 8;

export type Expectation = (mode: MemberMode, role: MemberRole) => boolean;

const SERVING: Readonly<Record<MemberRole, readonly MemberMode[]>> = {
  participant: ['leader', 'follower', 'standalone'],
  observer: ['observer'],
};

/**
 * A member serves in its configured role, in an ensemble with a leader. Only then does srvr report that role.
 */
const servesInItsRole: Expectation = (mode, role) => SERVING[role].includes(mode);

/** @throws EnsembleError at the deadline, or as soon as a member has ended; and the signal's reason */
export async function untilReady(
  members: readonly Member[],
  maxMs: number,
  {
    expects = servesInItsRole,
    signal,
  }: Readonly<{ expects?: Expectation; signal?: AbortSignal | undefined }> = {},
): Promise<void> {
  const giveUpAt = performance.now() + maxMs;
  const modes = new Map<Member, MemberMode>();
  for (;;) {
    signal?.throwIfAborted();
    const ended = members.filter(({ process }) => !process.isRunning);
    if (ended.length > 0) throw notReady(`${ended.length} of ${members.length} members ended`, ended, modes);
    await Promise.all(members.map(async member => modes.set(member, await member.mode())));
    const lacking = members.filter(member => !expects(modes.get(member)!, member.plan.role));
    if (lacking.length === 0) return;
    if (performance.now() > giveUpAt)
      throw notReady(`the ensemble was not ready within ${maxMs} ms`, lacking, modes);
    await sleep(POLL_MS);
  }
}

function notReady(
  what: string,
  members: readonly Member[],
  modes: ReadonlyMap<Member, MemberMode>,
): EnsembleError {
  const details = members.map(member => {
    const { exit } = member.process;
    const state =
      exit !== undefined
        ? `ended with ${formatExit(exit)}`
        : `is ${modes.get(member)}, should be ${SERVING[member.plan.role].slice(0, 2).join(' or ')}`;
    const tail = member.log.tail(LOG_LINES_SHOWN);
    const log = tail === '' ? 'it printed nothing' : `its log ends:\n${tail.replace(/^/gm, '    ')}`;
    return `  ${member.name} (${member.ownAddress}) ${state}; ${log}`;
  });
  return new EnsembleError(`${what}\n${details.join('\n')}`);
}
