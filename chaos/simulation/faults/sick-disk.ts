import { z } from 'zod';
import { onMember, simulatedFault, targetSchema } from './simulated-fault.ts';

/**
 * From some disk operation on, the disk is full or every sync fails. The member must stop, and it restarts
 * once the fault is over.
 */
export const sickDisk = simulatedFault('sick-disk', {
  target: targetSchema,
  how: z.enum(['full', 'failed-sync']),
  afterOperations: z.number().int().positive(),
})({
  description: 'a disk fills up or fails its syncs; the member must stop, and start once it is over',
  weight: 1,
  ofServers: true,
  draw: ({ random, target }) => ({
    target,
    how: random.chance(0.5) ? 'full' : 'failed-sync',
    afterOperations: 1 + random.below(40),
  }),
  begin: onMember((stage, sid, { how, afterOperations }) => {
    stage.world.sickenDisk(sid, how, afterOperations);
    return () => stage.world.cureDisk(sid);
  }),
});
