import { crashSchema, ms, simulatedFault } from './simulated-fault.ts';

/** Kills the present leader periodically and restarts it, mostly while it forms its quorum. */
export const leaderHunt = simulatedFault('leader-hunt', { how: crashSchema, everyMs: ms.positive() })({
  description: 'whoever leads is killed, again and again',
  weight: 1.5,
  ofServers: true,
  draw: ({ random }) => ({
    how: random.chance(0.5) ? 'power' : 'kill',
    everyMs: random.between(30, 700),
  }),
  begin({ world, after }, { how, everyMs }) {
    let over = false;
    const strike = () => {
      if (over) return;
      const leader = world.leader();
      if (leader !== undefined) {
        world.crash(leader, how);
        after(everyMs * 2, () => world.start(leader));
      }
      after(everyMs, strike);
    };
    strike();
    return () => {
      over = true;
    };
  },
});
