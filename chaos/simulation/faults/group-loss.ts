import { z } from 'zod';
import { simulatedFault } from './simulated-fault.ts';

/** All members of one group of a hierarchical quorum are gone at once, as when a data centre is. */
export const groupLoss = simulatedFault('group-loss', {
  /** Counted on beyond the last group from the first one. */
  group: z.number().int().nonnegative(),
  how: z.enum(['kill', 'power', 'refuse', 'blackhole']),
})({
  description: 'a whole group of voters dies or is cut off',
  weight: 3,
  ofServers: true,
  needs: 'groups',
  draw: ({ random }) => ({
    group: random.below(3),
    how: random.pick(['kill', 'power', 'refuse', 'blackhole'] as const),
  }),
  begin({ world }, { group, how }) {
    const { groups } = world;
    const side = groups[group % Math.max(1, groups.length)];
    if (side === undefined) return undefined;
    if (how === 'kill' || how === 'power') {
      for (const sid of side) world.crash(sid, how);
      return () => {
        for (const sid of side) world.start(sid);
      };
    }
    const rest = world.sids.filter(sid => !side.includes(sid));
    const links = side.flatMap(a => rest.flatMap(b => [[a, b] as const, [b, a] as const]));
    for (const [from, to] of links) world.cut(from, to, how);
    return () => {
      for (const [from, to] of links) world.heal(from, to);
    };
  },
});
