import { cutSchema, simulatedFault, targetSchema, twoMembers } from './simulated-fault.ts';

/** Cuts one direction only: `to` does not hear `from`. */
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
