import { z } from 'zod';
import { ACK_WAIT_MS_MAX, crashSchema, ms, onceAt, STEPS_MS, simulatedFault } from './simulated-fault.ts';

/**
 * One of two voters dies, and the oracle lets the other go on alone. When that one has acknowledged a write,
 * the first comes back; then, perhaps, the second dies: while it brings the first up to date, or later.
 */
export const pairLoss = simulatedFault('pair-loss', {
  lost: z.enum(['leader', 'follower']),
  how: crashSchema,
  afterMs: ms,
  next: z.enum(['none', 'sync', 'following']),
  nextMs: ms,
})({
  description: 'one of two voters dies, the other goes on alone, and may die while the first comes back',
  weight: 5,
  ofServers: true,
  needs: 'oracle',
  draw: ({ random }) => ({
    lost: random.pick(['leader', 'follower'] as const),
    how: random.pick(['kill', 'power'] as const),
    afterMs: random.between(0, 1500),
    next: random.pick(['none', 'sync', 'following'] as const),
    nextMs: random.pick([0, 1, 20, 200]),
  }),
  leastMs: ({ afterMs, nextMs }) => ACK_WAIT_MS_MAX + afterMs + nextMs + STEPS_MS,
  begin(stage, { lost, how, afterMs, next, nextMs }) {
    const { world } = stage;
    const voters = world.sids.filter(sid => world.isVoter(sid));
    const leader = world.leader();
    const follower = voters.find(sid => sid !== leader);
    if (leader === undefined || follower === undefined) return undefined;
    const [first, second] = lost === 'leader' ? [leader, follower] : [follower, leader];
    let isOver = false;
    const strike = () => {
      if (isOver || !world.isUp(second)) return;
      world.crash(second, how);
      stage.after(STEPS_MS / 2, () => world.start(second));
    };
    const comeBack = () => {
      if (isOver) return;
      world.start(first);
      if (next === 'none') return;
      const stop = world.moments.watch(next, () => {
        stop();
        stage.after(nextMs, strike);
      });
    };
    world.crash(first, how);
    onceAt(stage, 'ack', ACK_WAIT_MS_MAX, () => stage.after(afterMs, comeBack));
    return () => {
      isOver = true;
      for (const sid of voters) world.start(sid);
    };
  },
});
