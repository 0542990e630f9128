import { simulatedFault, targetSchema, twoMembers } from './simulated-fault.ts';

/**
 * Affects one direction of the existing connections: what `from` sends to `to` is lost, though both ends
 * live. New connections work.
 */
export const halfOpen = simulatedFault('half-open', { from: targetSchema, to: targetSchema })({
  description: 'what a member sends on its present connections to another is lost',
  weight: 1.5,
  ofServers: true,
  focus: { days: 1 },
  draw: ({ random, sids, target }) => ({ from: target, to: random.pick(sids) }),
  begin(stage, fault) {
    const pair = twoMembers(stage, fault);
    if (pair === undefined) return undefined;
    stage.world.swallow(...pair);
    return () => stage.world.giveUpSwallowed(...pair);
  },
});
