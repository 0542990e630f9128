import { onMember, simulatedFault, targetSchema } from './simulated-fault.ts';

/**
 * An observer loses its disk and comes back with an empty one. Voters never do, because Zab relies on their
 * logs.
 */
export const wipe = simulatedFault('wipe', { target: targetSchema })({
  description: 'an observer comes back with an empty disk',
  weight: 0.5,
  ofServers: true,
  draw: ({ random, sids }) => ({ target: random.pick(sids) }),
  begin: onMember(({ world }, sid) => {
    if (world.isVoter(sid)) return undefined;
    world.wipe(sid);
    return () => world.start(sid);
  }),
});
