import { z } from 'zod';
import { onMember, simulatedFault, targetSchema } from './simulated-fault.ts';

/** The wall clock jumps, and stays there. */
export const clockJump = simulatedFault('clock-jump', { target: targetSchema, byMs: z.number() })({
  description: 'the wall clock of a member jumps',
  weight: 1,
  draw: ({ random, target }) => ({
    target,
    byMs: Math.round(random.between(-60_000, 60_000)),
  }),
  begin: onMember((stage, sid, { byMs }) => {
    stage.world.jumpWall(sid, byMs);
    return () => {};
  }),
});
