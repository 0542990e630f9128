import { z } from 'zod';
import { type SimulatedFault, targetSchema, upMember } from './simulated-fault.ts';

const schema = z.strictObject({
  kind: z.literal('sick-disk'),
  target: targetSchema,
  how: z.enum(['full', 'failed-sync']),
  afterOperations: z.number().int().positive(),
});

/**
 * From some disk operation on, no room is left or no sync succeeds: the member must stop, and start once it
 * is over.
 */
export const sickDisk: SimulatedFault<z.infer<typeof schema>> = {
  kind: 'sick-disk',
  description: 'a disk fills up or fails its syncs; the member must stop, and start once it is over',
  schema,
  weight: 1,
  ofServers: true,
  draw: ({ random, target }) => ({
    kind: 'sick-disk',
    target,
    how: random.chance(0.5) ? 'full' : 'failed-sync',
    afterOperations: 1 + random.below(40),
  }),
  begin(stage, { target, how, afterOperations }) {
    const sid = upMember(stage, target);
    if (sid === undefined) return undefined;
    stage.world.sickenDisk(sid, how, afterOperations);
    return () => stage.world.cureDisk(sid);
  },
};
