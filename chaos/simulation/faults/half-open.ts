import { z } from 'zod';
import { type SimulatedFault, targetSchema, twoMembers } from './simulated-fault.ts';

const schema = z.strictObject({ kind: z.literal('half-open'), from: targetSchema, to: targetSchema });

/**
 * One direction of the connections there are now: what `from` sends `to` is lost, though both ends live. New
 * ones work.
 */
export const halfOpen: SimulatedFault<z.infer<typeof schema>> = {
  kind: 'half-open',
  description: 'what a member sends on its present connections to another is lost',
  schema,
  weight: 1.5,
  ofServers: true,
  focus: { days: 1 },
  draw: ({ random, sids, target }) => ({ kind: 'half-open', from: target, to: random.pick(sids) }),
  begin(stage, fault) {
    const pair = twoMembers(stage, fault);
    if (pair === undefined) return undefined;
    stage.world.swallow(...pair);
    return () => stage.world.giveUpSwallowed(...pair);
  },
};
