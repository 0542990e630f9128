import { hierarchicalSystem } from './hierarchical-system.ts';
import { majoritySystem } from './majority-system.ts';
import type { QuorumSystem } from './quorum-system.ts';

/** The first system whose lines are there decides. The last one has no lines and always applies. */
export const quorumSystems: readonly QuorumSystem[] = [hierarchicalSystem, majoritySystem];

/** The first answer that is not null. */
export function firstThatApplies<T>(
  systems: readonly QuorumSystem[],
  ask: (system: QuorumSystem) => T | null,
): T {
  for (const system of systems) {
    const answer = ask(system);
    if (answer !== null) return answer;
  }
  throw new Error('the last quorum system of a list must apply to every configuration');
}
