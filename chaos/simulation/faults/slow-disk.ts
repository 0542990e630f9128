import { z } from 'zod';
import { CALM_SYNC_MS, ms, type SimulatedFault, targetSchema, upMember } from './simulated-fault.ts';

const schema = z.strictObject({ kind: z.literal('slow-disk'), target: targetSchema, syncDelayMs: ms });

/** Every sync of one member takes long. */
export const slowDisk: SimulatedFault<z.infer<typeof schema>> = {
  kind: 'slow-disk',
  description: 'every disk sync of a member takes long',
  schema,
  weight: 1.5,
  draw: ({ random, target }) => ({ kind: 'slow-disk', target, syncDelayMs: random.between(20, 500) }),
  begin(stage, { target, syncDelayMs }) {
    const sid = upMember(stage, target);
    if (sid === undefined) return undefined;
    stage.world.setSyncDelay(sid, syncDelayMs);
    return () => stage.world.setSyncDelay(sid, CALM_SYNC_MS);
  },
};
