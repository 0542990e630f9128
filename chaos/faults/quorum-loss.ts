import { z } from 'zod';
import type { ProcessFaultContext } from './context.ts';
import { type Fault, type FaultKind, needsProcesses, type Readings } from './fault.ts';
import { keepDown } from './parts/kill-member.ts';
import { applyToMembers, firstOf } from './parts/member-fault.ts';
import { chooseMembers } from './parts/process-fault.ts';

export const quorumLossKind: FaultKind<Record<string, never>> = {
  name: 'quorum-loss',
  description: 'a majority of the voters is killed in the same moment, and restarted when healed',
  schema: z.strictObject({}),
  stops: 'most members',
  available: needsProcesses,
  create: quorumLoss,
  draw: (_, { members }) =>
    members.filter(({ role }) => role === 'participant').length > 1 ? () => ({}) : undefined,
};

/** Survivors notice by a closed connection, or after syncLimit. */
const NOTICED_MAX_MS = 10_000;
const SERVES: readonly string[] = ['leader', 'follower', 'standalone'];

/** Stops a majority of the voters, chosen at random. The rest must stop serving writes. */
function quorumLoss(): Fault<ProcessFaultContext> {
  return {
    name: 'quorum-loss',
    description: quorumLossKind.description,
    async inject(context) {
      const { members } = context;
      const rolesNow = async (): Promise<Readings> =>
        Object.fromEntries(
          await Promise.all(members.map(async member => [`${member.name} role`, await member.roleOf()])),
        );
      const before = await rolesNow();
      const targets = await chooseMembers(context, { voters: 'majority' });
      return applyToMembers(targets, keepDown, async () => {
        const serves = (roles: Readings) => Object.values(roles).some(role => SERVES.includes(String(role)));
        const idle = await firstOf(async () => {
          const roles = await rolesNow();
          return serves(roles) ? undefined : roles;
        }, NOTICED_MAX_MS);
        const how = `srvr at every member; a bite is that a voter served before, and none does within ${NOTICED_MAX_MS} ms`;
        return {
          bit: serves(before) && idle !== undefined,
          before,
          after: idle ?? (await rolesNow()),
          how,
        };
      });
    },
  };
}
