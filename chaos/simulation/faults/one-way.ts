import { z } from 'zod';
import { cutSchema, type SimulatedFault, targetSchema, twoMembers } from './simulated-fault.ts';

const schema = z.strictObject({
  kind: z.literal('one-way'),
  from: targetSchema,
  to: targetSchema,
  how: cutSchema,
});

/** One direction only: `from` is not heard by `to`. */
export const oneWay: SimulatedFault<z.infer<typeof schema>> = {
  kind: 'one-way',
  description: 'a member is not heard by another, which it hears',
  schema,
  weight: 2,
  draw: ({ random, sids, target }) => ({
    kind: 'one-way',
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
};
