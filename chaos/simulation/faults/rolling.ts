import { crashSchema, ms, orderSchema, simulatedFault } from './simulated-fault.ts';

/** Restarts one member after the other, as an operator restarts an ensemble. */
export const rolling = simulatedFault('rolling', { order: orderSchema, how: crashSchema, everyMs: ms })({
  description: 'each member in turn is restarted',
  weight: 0.7,
  ofServers: true,
  focus: { days: 1 },
  draw: ({ random, sids }) => ({
    order: random.shuffled(sids),
    how: random.chance(0.5) ? 'power' : 'kill',
    everyMs: random.between(200, 1500),
  }),
  leastMs: ({ everyMs, order }) => everyMs * order.length,
  begin({ world, after }, { order, how, everyMs }) {
    let over = false;
    order.forEach((sid, at) => {
      after(at * everyMs, () => {
        if (over || !world.isUp(sid)) return;
        world.crash(sid, how);
        after(everyMs / 2, () => world.start(sid));
      });
    });
    return () => {
      over = true;
      for (const sid of order) world.start(sid);
    };
  },
});
