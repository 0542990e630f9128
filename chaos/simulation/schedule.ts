import type { SeededRandom } from '../../server/runtime/seeded-random.ts';
import { ACK_WAIT_MS_MAX } from './conspiracies.ts';
import type { Accomplice, Fault, FaultKind, FaultOf, PlannedFault, Target } from './fault.ts';
import { MOMENTS } from './moments.ts';
import type { Swarm } from './swarm.ts';

/**
 * The faults of a run, decided before it begins: a plan can be printed, cut down to the few faults that
 * matter (see `minimise.ts`), and run again.
 */
export function planFaults(random: SeededRandom, swarm: Swarm, sids: readonly number[]): PlannedFault[] {
  const plan: PlannedFault[] = [];
  const kinds = (Object.keys(swarm.faultWeights) as FaultKind[]).filter(kind => swarm.faultWeights[kind] > 0);
  if (kinds.length === 0) return plan;
  for (let atMs = drawIn(random, swarm.faultIntervalMs); atMs < swarm.chaosMs; ) {
    const fault = drawFault(random, pickWeighted(random, kinds, swarm.faultWeights), sids);
    const durationMs = Math.max(drawIn(random, swarm.faultDurationMs), leastMs(fault));
    plan.push({ atMs, durationMs, fault });
    atMs += drawIn(random, swarm.faultIntervalMs);
  }
  return plan;
}

/** Members die at their very first disk operations, each after the other had time to get a little further. */
export function planBirth(random: SeededRandom, birthMs: number, sids: readonly number[]): PlannedFault[] {
  return sids
    .filter(() => random.chance(0.7))
    .map(target => ({
      atMs: random.between(0, birthMs / 2),
      durationMs: random.between(birthMs / 4, birthMs / 2),
      fault: {
        kind: 'crash-loop',
        target,
        how: random.chance(0.6) ? 'power' : 'kill',
        operations: drawOperations(random),
      },
    }));
}

/** Right behind the acknowledgement, or while what a new leader began with may not be on every disk that acked it. */
function drawStrike(
  random: SeededRandom,
): Pick<FaultOf<'majority-loss'>, 'on' | 'afterMs' | 'back' | 'syncDelayMs'> {
  const back = random.pick(ACCOMPLICES);
  if (random.chance(0.6)) return { on: 'ack', afterMs: 0, back, syncDelayMs: random.between(5, 200) };
  // Clients need some time to come back and read.
  const afterMs = random.between(60, 300);
  return { on: 'leading', afterMs, back: 'acker', syncDelayMs: afterMs + random.between(20, 200) };
}

/** What has steps is not ended before the last of them. */
function leastMs(fault: Fault): number {
  switch (fault.kind) {
    case 'majority-loss':
      return fault.leadMs + ACK_WAIT_MS_MAX + fault.afterMs + Math.max(fault.awayMs, STEPS_MS);
    case 'oversleep':
    case 'ambush':
      return STEPS_MS;
    case 'rolling':
      return fault.everyMs * fault.order.length;
    default:
      return 0;
  }
}

function drawFault(random: SeededRandom, kind: FaultKind, sids: readonly number[]): Fault {
  const target = drawTarget(random, sids);
  switch (kind) {
    case 'crash':
      return { kind, target, how: random.chance(0.5) ? 'power' : 'kill' };
    case 'crash-loop':
      return { kind, target, how: random.chance(0.6) ? 'power' : 'kill', operations: drawOperations(random) };
    case 'sick-disk':
      return {
        kind,
        target,
        how: random.chance(0.5) ? 'full' : 'failed-sync',
        afterOperations: 1 + random.below(40),
      };
    case 'wipe':
      return { kind, target: random.pick(sids) };
    case 'outage':
      return random.chance(0.5) ? { kind } : { kind, staggerMs: Math.round(random.between(-600, 600)) };
    case 'leader-hunt':
      return { kind, how: random.chance(0.5) ? 'power' : 'kill', everyMs: random.between(30, 700) };
    case 'pause':
      return { kind, target };
    case 'partition':
      return { kind, side: drawSide(random, sids), how: random.chance(0.5) ? 'refuse' : 'blackhole' };
    case 'one-way':
      return { kind, from: target, to: random.pick(sids), how: random.chance(0.3) ? 'refuse' : 'blackhole' };
    case 'half-open':
      return { kind, from: target, to: random.pick(sids) };
    case 'majority-loss':
      return {
        kind,
        order: random.shuffled(sids),
        leadMs: random.between(20, 600),
        ...drawStrike(random),
        awayMs: random.chance(0.3) ? 0 : random.between(1200, 3000),
      };
    case 'oversleep':
      return { kind, afterMs: random.between(0, 300) };
    case 'ambush':
      return {
        kind,
        moment: random.pick(MOMENTS),
        target,
        how: random.pick(['kill', 'power', 'cut']),
        afterMs: random.pick([0, random.between(0, 5), random.between(0, 60)]),
        times: 1 + random.below(6),
      };
    case 'rolling':
      return {
        kind,
        order: random.shuffled(sids),
        how: random.chance(0.5) ? 'power' : 'kill',
        everyMs: random.between(200, 1500),
      };
    case 'slow-link':
      return { kind, target, latencyMs: random.between(10, 300) };
    case 'slow-disk':
      return { kind, target, syncDelayMs: random.between(20, 500) };
    case 'clock-jump':
      return { kind, target, byMs: Math.round(random.between(-60_000, 60_000)) };
  }
}

const ACCOMPLICES: readonly Accomplice[] = ['leader', 'acker'];
/** Elections are over by then, and clients have found their way. */
const STEPS_MS = 3000;

function drawOperations(random: SeededRandom): number[] {
  return Array.from({ length: 1 + random.below(5) }, () => 1 + random.below(random.pick([10, 40, 120])));
}

/** The leader is where most goes wrong. */
function drawTarget(random: SeededRandom, sids: readonly number[]): Target {
  return random.chance(0.4) ? 'leader' : random.pick(sids);
}

function drawSide(random: SeededRandom, sids: readonly number[]): Target[] {
  if (random.chance(0.4)) return ['leader'];
  return random.shuffled(sids).slice(0, 1 + random.below(Math.max(1, sids.length - 1)));
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
