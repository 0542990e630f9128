import { ACK_WAIT_MS_MAX, ms, onceAt, STEPS_MS, simulatedFault } from './simulated-fault.ts';

/**
 * Pauses the leader until another leader has acknowledged a write. It wakes up believing that it still
 * leads.
 */
export const oversleep = simulatedFault('oversleep', { afterMs: ms })({
  description: 'the leader is paused until another one has led and acknowledged a write',
  weight: 1,
  ofServers: true,
  focus: { days: 1 },
  draw: ({ random }) => ({ afterMs: random.between(0, 300) }),
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
});
