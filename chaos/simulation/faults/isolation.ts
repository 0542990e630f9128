import { z } from 'zod';
import { cutSchema, ms, STEPS_MS, simulatedFault } from './simulated-fault.ts';

/**
 * The observers have no master for a while, and the voters go on. Then the observers are cut off again, up
 * to `times`, as soon as one of them has begun to synchronise: what such a sync brings is not yet known to
 * be committed.
 */
export const isolation = simulatedFault('isolation', {
  how: cutSchema,
  awayMs: ms,
  times: z.number().int().nonnegative(),
  afterMs: ms,
})({
  description: 'the observers lose every voter, and again in the middle of a sync',
  weight: 3,
  ofServers: true,
  needs: 'readers',
  draw: ({ random }) => ({
    how: random.chance(0.7) ? 'refuse' : 'blackhole',
    awayMs: random.between(100, 4000),
    times: random.chance(0.4) ? 1 + random.below(2) : 0,
    afterMs: random.pick([0, 1, 5, 20]),
  }),
  leastMs: ({ awayMs, times }) => awayMs + times * (awayMs + STEPS_MS / 2),
  begin(stage, { how, awayMs, times, afterMs }) {
    const { world } = stage;
    const observers = world.sids.filter(sid => !world.isVoter(sid));
    const voters = world.sids.filter(sid => world.isVoter(sid));
    if (observers.length === 0) return undefined;
    const links = observers.flatMap(a => voters.flatMap(b => [[a, b] as const, [b, a] as const]));
    let left = times;
    let isAway = false;
    let isOver = false;
    const comeBack = () => {
      isAway = false;
      for (const [from, to] of links) world.heal(from, to);
    };
    const goAway = () => {
      if (isAway || isOver) return;
      isAway = true;
      for (const [from, to] of links) world.cut(from, to, how);
      stage.after(awayMs, () => {
        if (!isOver) comeBack();
      });
    };
    const stop = world.moments.watch('sync', sid => {
      if (sid === undefined || !observers.includes(sid) || left === 0 || isAway) return;
      left--;
      stage.after(afterMs, goAway);
    });
    goAway();
    return () => {
      isOver = true;
      stop();
      comeBack();
    };
  },
});
