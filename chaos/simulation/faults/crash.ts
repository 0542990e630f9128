import { crashSchema, onMember, simulatedFault, targetSchema } from './simulated-fault.ts';

/** The process dies, and restarts when the fault ends. */
export const crash = simulatedFault('crash', { target: targetSchema, how: crashSchema })({
  description: 'a member is killed or loses power, and starts again',
  weight: 4,
  draw: ({ random, target }) => ({ target, how: random.chance(0.5) ? 'power' : 'kill' }),
  begin: onMember((stage, sid, { how }) => {
    stage.world.crash(sid, how);
    return () => stage.world.start(sid);
  }),
});
