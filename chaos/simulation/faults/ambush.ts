import { z } from 'zod';
import { MOMENTS } from '../moments.ts';
import { type FaultStage, ms, REBOOT_MS, STEPS_MS, simulatedFault, targetSchema } from './simulated-fault.ts';

/**
 * Acts every time the target reaches the chosen moment: the member dies and restarts, or loses its
 * connections to all others.
 */
export const ambush = simulatedFault('ambush', {
  moment: z.enum(MOMENTS),
  target: targetSchema,
  how: z.enum(['kill', 'power', 'cut']),
  afterMs: ms,
  times: z.number().int().positive(),
})({
  description: 'at each such moment a member dies and comes back, or loses its connections',
  weight: 2,
  ofServers: true,
  focus: { days: 2 },
  draw: ({ random, target }) => ({
    moment: random.pick(MOMENTS),
    target,
    how: random.pick(['kill', 'power', 'cut']),
    afterMs: random.pick([0, random.between(0, 5), random.between(0, 60)]),
    times: 1 + random.below(6),
  }),
  leastMs: () => STEPS_MS,
  begin(stage, fault) {
    const { world } = stage;
    let left = fault.times;
    let armed = true;
    return world.moments.watch(fault.moment, sid => {
      const isMine = fault.target === 'leader' || sid === undefined || sid === fault.target;
      if (!armed || left === 0 || !isMine) return;
      armed = false;
      left--;
      stage.after(fault.afterMs, () => {
        const target = fault.target === 'leader' ? world.leader() : fault.target;
        if (target !== undefined && world.isUp(target)) strikeOne(stage, target, fault.how);
        stage.after(REBOOT_MS, () => {
          armed = true;
        });
      });
    });
  },
});

const CUT_MS = 20;

function strikeOne({ world, after }: FaultStage, target: number, how: 'kill' | 'power' | 'cut'): void {
  if (how !== 'cut') {
    world.crash(target, how);
    after(REBOOT_MS, () => world.start(target));
    return;
  }
  const others = world.sids.filter(sid => sid !== target);
  for (const other of others) {
    world.cut(target, other, 'refuse');
    world.cut(other, target, 'refuse');
  }
  after(CUT_MS, () => {
    for (const other of others) {
      world.heal(target, other);
      world.heal(other, target);
    }
  });
}
