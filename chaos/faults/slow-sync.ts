import { z } from 'zod';
import { drawTargets } from '../mesh/draw-target.ts';
import { memberTargetSchema } from '../mesh/selector-schema.ts';
import type { MemberTarget } from '../mesh/target.ts';
import type { ProcessFaultContext } from './context.ts';
import { type Fault, type FaultKind, needsOurServer, type Readings } from './fault.ts';
import { abilityOf, applyToMembers, firstOf, giveWork } from './parts/member-fault.ts';
import { chooseMembers } from './parts/process-fault.ts';

export interface SlowSyncOptions {
  readonly target: MemberTarget;
  /** Added to every sync. */
  readonly delayMs: number;
}

const DELAY_MS_MAX = 60_000;

export const slowSyncKind: FaultKind<SlowSyncOptions> = {
  name: 'slow-sync',
  description: 'every disk sync of a member takes longer',
  schema: z.strictObject({ target: memberTargetSchema, delayMs: z.int().min(1).max(DELAY_MS_MAX) }),
  available: needsOurServer,
  create: slowSync,
  draw(random, shape) {
    const target = drawTargets(random, shape);
    const most = random.pick([20, 200, 2_000]);
    return own => ({ target: target(own), delayMs: 1 + own.below(most) });
  },
};

const SYNC_MAX_MS = 10_000;

function slowSync({ target, delayMs }: SlowSyncOptions): Fault<ProcessFaultContext> {
  return {
    name: 'slow-sync',
    description: `${delayMs} ms more for every sync`,
    async inject(context) {
      const members = await chooseMembers(context, target);
      const counts = async () =>
        Promise.all(
          members.map(
            async member => (await abilityOf(member, 'serverFaults').report())?.delayedSyncs ?? null,
          ),
        );
      const before = await counts();
      return applyToMembers(
        members,
        member => abilityOf(member, 'serverFaults').apply({ disk: { syncDelayMs: delayMs } }),
        async () => {
          const grew = await firstOf(async () => {
            await Promise.all(members.map(giveWork));
            const now = await counts();
            return now.every((count, at) => count !== null && count > (before[at] ?? 0)) ? now : undefined;
          }, SYNC_MAX_MS);
          const named = (all: readonly (number | null)[]): Readings =>
            Object.fromEntries(members.map(({ name }, at) => [`${name} delayedSyncs`, all[at]!]));
          const how = `syncs that took ${delayMs} ms more, as the member counts them; a bite is one within ${SYNC_MAX_MS} ms`;
          return {
            bit: grew !== undefined,
            before: named(before),
            after: named(grew ?? (await counts())),
            how,
          };
        },
      );
    },
  };
}
