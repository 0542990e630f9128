import { z } from 'zod';
import { RECONFIG_MOMENTS } from '../moments.ts';
import { crashSchema, ms, orderSchema, REBOOT_MS, STEPS_MS, simulatedFault } from './simulated-fault.ts';

/**
 * When a reconfiguration has been proposed, or comes into force at a member, the leader dies, or most
 * members do, and the dead come back in an order of their own. What was pending may have been committed or
 * not.
 */
export const reconfigAmbush = simulatedFault('reconfig-ambush', {
  moment: z.enum(RECONFIG_MOMENTS),
  afterMs: ms,
  how: crashSchema,
  /** The first of them die; 0: the leader does. */
  order: orderSchema,
  count: z.number().int().nonnegative(),
  staggerMs: ms,
  times: z.number().int().positive(),
})({
  description: 'members die while a reconfiguration is agreed on or comes into force',
  weight: 3,
  ofServers: true,
  needs: 'spares',
  draw: ({ random, sids }) => ({
    moment: random.pick(RECONFIG_MOMENTS),
    afterMs: random.pick([0, random.between(0, 3), random.between(0, 40)]),
    how: random.chance(0.5) ? 'power' : 'kill',
    order: random.shuffled(sids),
    count: random.chance(0.4) ? 0 : 1 + random.below(sids.length),
    staggerMs: random.pick([0, 50, 300]),
    times: 1 + random.below(3),
  }),
  leastMs: ({ staggerMs, order }) => STEPS_MS + staggerMs * order.length,
  begin(stage, { moment, afterMs, how, order, count, staggerMs, times }) {
    const { world } = stage;
    let left = times;
    let armed = true;
    const strike = () => {
      const leader = world.leader();
      const chosen = count > 0 ? order.slice(0, count) : leader === undefined ? [] : [leader];
      const victims = chosen.filter(sid => world.isUp(sid));
      for (const sid of victims) world.crash(sid, how);
      for (const [at, sid] of victims.entries())
        stage.after(REBOOT_MS + at * staggerMs, () => world.start(sid));
      stage.after(REBOOT_MS * 5 + victims.length * staggerMs, () => {
        armed = true;
      });
    };
    return world.moments.watch(moment, () => {
      if (!armed || left === 0) return;
      armed = false;
      left--;
      stage.after(afterMs, strike);
    });
  },
});
