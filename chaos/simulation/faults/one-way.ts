import { cutSchema, simulatedFault, targetSchema, twoMembers } from './simulated-fault.ts';

/** One direction only: `from` is not heard by `to`. */
export const oneWay = simulatedFault('one-way', { from: targetSchema, to: targetSchema, how: cutSchema })({
  description: 'a member is not heard by another, which it hears',
  weight: 2,
  draw: ({ random, sids, target }) => ({
    from: target,
    to: random.pick(sids),
    how: random.chance(0.3) ? 'refuse' : 'blackhole',
  }),
  begin(stage, fault) {
    const pair = twoMembers(stage, fault);
    if (pair === undefined) return undefined;
    stage.world.cut(...pair, fault.how);
    return () => stage.world.heal(...pair);
  },
});
