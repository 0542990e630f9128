import { z } from 'zod';
import type { ProcessFaultContext } from './context.ts';
import { type Fault, type FaultKind, needsProcesses } from './fault.ts';
import { keepDown } from './parts/kill-member.ts';
import { applyToMembers, outcomesOf } from './parts/member-fault.ts';

export const outageKind: FaultKind<Record<string, never>> = {
  name: 'outage',
  description: 'every member is killed in the same moment, and restarted when healed',
  schema: z.strictObject({}),
  stops: 'most members',
  available: needsProcesses,
  create: outage,
  draw: () => () => ({}),
};

const ANSWER_MAX_MS = 5_000;
const SILENCE_MS = 1_000;

/**
 * Kills every process at once, as when a rack loses power. What the kernel has in its page cache survives;
 * only the simulation loses that too.
 */
export function outage(): Fault<ProcessFaultContext> {
  return {
    name: 'outage',
    description: outageKind.description,
    async inject({ members }) {
      const before = await outcomesOf(members, ANSWER_MAX_MS);
      return applyToMembers(members, keepDown, async () => {
        const after = await outcomesOf(members, SILENCE_MS);
        const bit = before.some(each => each === 'answered') && !after.includes('answered');
        const readings = (outcomes: readonly string[]) =>
          Object.fromEntries(members.map(({ name }, at) => [`${name} outcome`, outcomes[at]!]));
        const how = 'srvr at the client port of every member; a bite is that none answers any more';
        return { bit, before: readings(before), after: readings(after), how };
      });
    },
  };
}
