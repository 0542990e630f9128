import { z } from 'zod';
import { ACK_WAIT_MS_MAX, ms, onceAt, type SimulatedFault, STEPS_MS } from './simulated-fault.ts';

const schema = z.strictObject({ kind: z.literal('oversleep'), afterMs: ms });

/**
 * Whoever leads sleeps until another leader has been acknowledged a write, and wakes in the belief that it
 * still leads.
 */
export const oversleep: SimulatedFault<z.infer<typeof schema>> = {
  kind: 'oversleep',
  description: 'the leader is paused until another one has led and acknowledged a write',
  schema,
  weight: 1,
  ofServers: true,
  focus: { days: 1 },
  draw: ({ random }) => ({ kind: 'oversleep', afterMs: random.between(0, 300) }),
  leastMs: () => STEPS_MS,
  begin(stage, fault) {
    const { world } = stage;
    const leader = world.leader();
    if (leader === undefined) return undefined;
    world.pause(leader);
    const stop = world.moments.watch('leading', () => {
      stop();
      onceAt(stage, 'ack', ACK_WAIT_MS_MAX, () => stage.after(fault.afterMs, () => world.resume(leader)));
    });
    return () => {
      stop();
      world.resume(leader);
    };
  },
};
