import type { SeededRandom } from '../../server/runtime/seeded-random.ts';
import { crashLoop } from './faults/crash-loop.ts';
import { drawFault, type FaultKind, leastMs, type PlannedFault } from './faults/index.ts';
import type { Target } from './faults/simulated-fault.ts';
import type { Swarm } from './swarm.ts';

/**
 * The faults of a run, decided before it begins. So a plan can be printed, reduced to the few faults that
 * matter (see `minimise.ts`), and replayed.
 */
export function planFaults(random: SeededRandom, swarm: Swarm, sids: readonly number[]): PlannedFault[] {
  const plan: PlannedFault[] = [];
  const kinds = (Object.keys(swarm.faultWeights) as FaultKind[]).filter(kind => swarm.faultWeights[kind] > 0);
  if (kinds.length === 0) return plan;
  for (let atMs = drawIn(random, swarm.faultIntervalMs); atMs < swarm.chaosMs; ) {
    const kind = pickWeighted(random, kinds, swarm.faultWeights);
    const fault = drawFault(kind, { random, sids, target: drawTarget(random, sids) });
    const durationMs = Math.max(drawIn(random, swarm.faultDurationMs), leastMs(fault));
    plan.push({ atMs, durationMs, fault });
    atMs += drawIn(random, swarm.faultIntervalMs);
  }
  return plan;
}

/**
 * Members die at their very first disk operations, each after the others had time to get a little further.
 */
export function planBirth(random: SeededRandom, birthMs: number, sids: readonly number[]): PlannedFault[] {
  return sids
    .filter(() => random.chance(0.7))
    .map(target => ({
      atMs: random.between(0, birthMs / 2),
      durationMs: random.between(birthMs / 4, birthMs / 2),
      fault: crashLoop.draw({ random, sids, target }),
    }));
}

/** The leader is a frequent target, because most goes wrong there. */
function drawTarget(random: SeededRandom, sids: readonly number[]): Target {
  return random.chance(0.4) ? 'leader' : random.pick(sids);
}

function drawIn(random: SeededRandom, [low, high]: readonly [number, number]): number {
  return random.between(low, high);
}

function pickWeighted(
  random: SeededRandom,
  kinds: readonly FaultKind[],
  weights: Readonly<Record<FaultKind, number>>,
): FaultKind {
  let at = random.float() * kinds.reduce((sum, kind) => sum + weights[kind], 0);
  for (const kind of kinds) {
    at -= weights[kind];
    if (at < 0) return kind;
  }
  return kinds[kinds.length - 1] as FaultKind;
}
