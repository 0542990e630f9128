import { z } from 'zod';
import { simulatedFault } from './simulated-fault.ts';

/**
 * Every member loses power at the same instant. Afterwards each starts `staggerMs` after the one before it
 * (in reverse order when negative), so that quorums form of the members that happen to be up.
 */
export const outage = simulatedFault('outage', { staggerMs: z.number().optional() })({
  description: 'every member loses power at once',
  weight: 0.7,
  draw: ({ random }) => (random.chance(0.5) ? {} : { staggerMs: Math.round(random.between(-600, 600)) }),
  begin({ world, after }, { staggerMs = 0 }) {
    const { sids } = world;
    for (const sid of sids) world.crash(sid, 'power');
    const order = staggerMs < 0 ? sids.toReversed() : sids;
    return () => {
      for (const [at, sid] of order.entries()) after(at * Math.abs(staggerMs), () => world.start(sid));
    };
  },
});
