import { CALM_SYNC_MS, ms, onMember, simulatedFault, targetSchema } from './simulated-fault.ts';

/** Every sync of one member takes long. */
export const slowDisk = simulatedFault('slow-disk', { target: targetSchema, syncDelayMs: ms })({
  description: 'every disk sync of a member takes long',
  weight: 1.5,
  draw: ({ random, target }) => ({ target, syncDelayMs: random.between(20, 500) }),
  begin: onMember((stage, sid, { syncDelayMs }) => {
    stage.world.setSyncDelay(sid, syncDelayMs);
    return () => stage.world.setSyncDelay(sid, CALM_SYNC_MS);
  }),
});
