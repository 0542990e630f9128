import { z } from 'zod';
import {
  cutSchema,
  type DrawnFrom,
  resolve,
  simulatedFault,
  type Target,
  targetSchema,
} from './simulated-fault.ts';

/** The members of `side`, one or several, cannot talk to the rest. */
export const partition = simulatedFault('partition', { side: z.array(targetSchema), how: cutSchema })({
  description: 'some members cannot talk to the rest',
  weight: 3,
  draw: from => ({
    side: drawSide(from),
    how: from.random.chance(0.5) ? 'refuse' : 'blackhole',
  }),
  begin(stage, fault) {
    const { world } = stage;
    const side = fault.side.map(target => resolve(stage, target)).filter(sid => sid !== undefined);
    const rest = world.sids.filter(sid => !side.includes(sid));
    if (side.length === 0 || rest.length === 0) return undefined;
    const links = side.flatMap(a => rest.flatMap(b => [[a, b] as const, [b, a] as const]));
    for (const [from, to] of links) world.cut(from, to, fault.how);
    return () => {
      for (const [from, to] of links) world.heal(from, to);
    };
  },
});

function drawSide({ random, sids }: DrawnFrom): Target[] {
  if (random.chance(0.4)) return ['leader'];
  return random.shuffled(sids).slice(0, 1 + random.below(Math.max(1, sids.length - 1)));
}
