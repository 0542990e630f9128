import { z } from 'zod';
import { cutSchema, resolve, simulatedFault, targetSchema } from './simulated-fault.ts';

/** Members that lost one of two addresses have a leader again within this time if nothing else goes wrong. */
const LEADER_MS_MAX = 10_000;
/** Long enough for connections to be given up, and for a dial at the other address. */
const LEAST_MS = 2500;

/**
 * One address of a member, or a whole network, is gone: nothing sent to or from it arrives. The members reach
 * each other through their other addresses. Two addresses are never gone at once.
 */
export const addressLoss = simulatedFault('address-loss', {
  target: targetSchema,
  /** Every member loses its address on that network, and not the target alone. */
  isWhole: z.boolean(),
  network: z.union([z.literal(1), z.literal(2)]),
  how: cutSchema,
  isLong: z.boolean(),
})({
  description: 'members lose one of their two addresses',
  weight: 4,
  ofServers: true,
  needs: 'networks',
  draw: ({ random, target }) => ({
    target,
    isWhole: random.chance(0.6),
    network: random.pick([1, 2] as const),
    how: random.chance(0.7) ? 'blackhole' : 'refuse',
    isLong: random.chance(0.3),
  }),
  leastMs: ({ isLong }) => (isLong ? LEADER_MS_MAX : LEAST_MS),
  begin(stage, { target, isWhole, network, how }) {
    const { world, faults } = stage;
    const sid = resolve(stage, target);
    const losers = isWhole ? world.sids : sid === undefined ? [] : [sid];
    if (losers.length === 0 || !world.loseAddresses(losers, network, how)) return undefined;
    const isAlone = faults.active === 0;
    const { begun } = faults;
    const sinceMs = world.time.nowMs;
    return () => {
      const isUndisturbed = isAlone && faults.begun === begun + 1;
      const lostMs = world.time.nowMs - sinceMs;
      if (isUndisturbed && lostMs >= LEADER_MS_MAX && world.leader() === undefined)
        world.failures.push(`no leader ${lostMs.toFixed(0)} ms after members lost one of two addresses`);
      world.findAddresses();
    };
  },
});
