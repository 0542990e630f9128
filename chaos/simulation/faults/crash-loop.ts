import { z } from 'zod';
import { crashSchema, onMember, simulatedFault, targetSchema } from './simulated-fault.ts';

/**
 * The member dies at each of these disk operations, counted from its boot, one boot after the other. Most of
 * what must be durable in some order happens in the first dozens of operations, while a member forms or
 * syncs.
 */
export const crashLoop = simulatedFault('crash-loop', {
  target: targetSchema,
  how: crashSchema,
  operations: z.array(z.number().int().positive()),
})({
  description: 'a member dies at chosen disk operations of each boot',
  weight: 2,
  ofServers: true,
  draw({ random, target }) {
    const how = random.chance(0.6) ? 'power' : 'kill';
    const operations = Array.from(
      { length: 1 + random.below(5) },
      () => 1 + random.below(random.pick([10, 40, 120])),
    );
    return { target, how, operations };
  },
  begin: onMember((stage, sid, { how, operations }) => {
    stage.world.crashLoop(sid, how, operations);
    return () => stage.world.endCrashLoop(sid);
  }),
});
