import { z } from 'zod';
import { crashSchema, type SimulatedFault, targetSchema, upMember } from './simulated-fault.ts';

const schema = z.strictObject({ kind: z.literal('crash'), target: targetSchema, how: crashSchema });

/** The process dies, and starts again when the fault ends. */
export const crash: SimulatedFault<z.infer<typeof schema>> = {
  kind: 'crash',
  description: 'a member is killed or loses power, and starts again',
  schema,
  weight: 4,
  draw: ({ random, target }) => ({ kind: 'crash', target, how: random.chance(0.5) ? 'power' : 'kill' }),
  begin(stage, { target, how }) {
    const sid = upMember(stage, target);
    if (sid === undefined) return undefined;
    stage.world.crash(sid, how);
    return () => stage.world.start(sid);
  },
};
