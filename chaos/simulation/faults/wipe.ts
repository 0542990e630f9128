import { z } from 'zod';
import { type SimulatedFault, targetSchema, upMember } from './simulated-fault.ts';

const schema = z.strictObject({ kind: z.literal('wipe'), target: targetSchema });

/**
 * An observer loses its disk and comes back with an empty one. Voters never do: that breaks what Zab rests
 * on.
 */
export const wipe: SimulatedFault<z.infer<typeof schema>> = {
  kind: 'wipe',
  description: 'an observer comes back with an empty disk',
  schema,
  weight: 0.5,
  ofServers: true,
  draw: ({ random, sids }) => ({ kind: 'wipe', target: random.pick(sids) }),
  begin(stage, { target }) {
    const sid = upMember(stage, target);
    if (sid === undefined || stage.world.isVoter(sid)) return undefined;
    stage.world.wipe(sid);
    return () => stage.world.start(sid);
  },
};
