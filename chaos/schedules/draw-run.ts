/**
 * Draws the runs of a campaign. A run is a function of the campaign, the seed and its number alone, so a seed
 * repeats all runs and any single one. Each run draws its own ranges first (which faults, how often, how
 * long), so that runs differ in kind.
 *
 * @see Groce et al., Swarm Testing (2012)
 */
import type { Topology } from '../../bench/topology/topology.ts';
import { SeededRandom } from '../../server/runtime/seeded-random.ts';
import type { FaultKind } from '../faults/fault.ts';
import { faultHostOf } from '../faults/host.ts';
import { WORKLOADS } from '../workloads/index.ts';
import type { Campaign, Range } from './campaign-schema.ts';
import { drawUntil, UNTIL_LASTS } from './draw-until.ts';
import { type DrawnStep, inForceAt, isOfLinks, mayBegin } from './overlap.ts';
import { SEED_MAX, type WrittenSchedule, type WrittenStep } from './schedule.ts';
import { withSettings, writtenOf } from './written-topology.ts';

/** How many of the possible kinds of fault a run of a swarm has on average. */
const KIND_PROBABILITY = 0.5;
/**
 * How many faults are tried at a time at which not every one may begin. After that, the time stays without a
 * fault.
 */
const DRAWS_MAX = 4;

/** A kind of fault with the ranges that a run has drawn for it. */
interface Ready {
  readonly kind: FaultKind;
  readonly weight: number;
  readonly step: (random: SeededRandom) => object;
}

/** @param number counts from 1 */
export function drawRun(campaign: Campaign, seed: number, number: number): WrittenSchedule {
  const root = new SeededRandom(`chaos ${seed}`);
  const random = root.fork(`run ${number}`);
  const workload = dealt(campaign.workloads, root.fork('workloads'), number);
  const topology = topologyOfRun(campaign, root, number, workload.name);
  const steps =
    campaign.draw.pick === 'each'
      ? inTurn(campaign, dealtKinds(campaign, seed, number), topology, random.fork('faults'))
      : swarm(campaign, topology, random.fork('faults'));
  return {
    description: `run ${number} of ${campaign.name} with seed ${seed}`,
    topology: writtenOf(topology),
    workload: Object.assign(
      { name: workload.name },
      drawnWorkload(workload.name, random.fork('workload')),
      workload,
    ),
    seed: Math.floor(random.fork('seed').float() * SEED_MAX),
    calmMs: within(campaign.draw.calmMs, random.fork('calm')),
    bites: campaign.bites,
    ...(campaign.settles && { settles: true }),
    steps: steps.sort((a, b) => a.atMs - b.atMs),
  };
}

/** The kinds of fault that are possible on a topology and have a target there. */
export function kindsOn({ kinds }: Campaign, topology: Topology): FaultKind[] {
  const host = faultHostOf(topology);
  // Whether there is a target does not depend on what is drawn.
  const random = new SeededRandom('targets');
  return kinds.filter(
    kind => kind.available(host) === undefined && kind.draw?.(random.fork(kind.name), topology) !== undefined,
  );
}

/** Kinds of fault that no run of the campaign can have here, and why. */
export function impossibleKinds(campaign: Campaign): { readonly name: string; readonly why: string }[] {
  const possible = new Set(campaign.topologies.flatMap(topology => kindsOn(campaign, topology)));
  return campaign.kinds
    .filter(kind => !possible.has(kind))
    .map(kind => {
      const refusals = campaign.topologies.map(topology => kind.available(faultHostOf(topology)));
      return {
        name: kind.name,
        why: refusals.find(why => why !== undefined) ?? 'no topology has a target for it',
      };
    });
}

/** Each once in an order of its own, before any comes again. */
function dealt<T>(items: readonly T[], random: SeededRandom, number: number): T {
  const cycle = Math.floor((number - 1) / items.length);
  return random.fork(`cycle ${cycle}`).shuffled(items)[(number - 1) % items.length]!;
}

/** With the settings that its workload needs of the members. */
function topologyOfRun(
  { topologies }: Pick<Campaign, 'topologies'>,
  root: SeededRandom,
  number: number,
  workload: string,
): Topology {
  const { memberSettings = {} } = WORKLOADS.find(({ name }) => name === workload) ?? {};
  return withSettings(dealt(topologies, root.fork('topologies'), number), memberSettings);
}

/** Every kind once over all runs: in the emptiest of those whose topology has a target for it. */
function dealtKinds(campaign: Campaign, seed: number, number: number): FaultKind[] {
  const root = new SeededRandom(`chaos ${seed}`);
  const runs = Array.from({ length: campaign.draw.runs }, (_, at) => ({
    possible: kindsOn(campaign, dealt(campaign.topologies, root.fork('topologies'), at + 1)),
    kinds: [] as FaultKind[],
  }));
  for (const kind of root.fork('kinds').shuffled(campaign.kinds)) {
    const [emptiest] = runs
      .filter(({ possible }) => possible.includes(kind))
      .sort((a, b) => a.kinds.length - b.kinds.length);
    emptiest?.kinds.push(kind);
  }
  return runs[(number - 1) % runs.length]!.kinds;
}

function drawnWorkload(name: string, random: SeededRandom): object {
  return WORKLOADS.find(each => each.name === name)?.draw?.(random) ?? {};
}

function ready(kinds: readonly FaultKind[], topology: Topology, random: SeededRandom): Ready[] {
  return kinds.flatMap(kind => {
    const own = random.fork(kind.name);
    const step = kind.draw?.(own, topology);
    return step === undefined ? [] : [{ kind, weight: own.float(), step }];
  });
}

/** As many at a time as the campaign allows, one after the other in each lane. */
function inTurn(
  { draw }: Campaign,
  kinds: readonly FaultKind[],
  topology: Topology,
  random: SeededRandom,
): WrittenStep[] {
  const lanes = Array.from({ length: draw.together }, () => 0);
  let linksFreeAtMs = 0;
  return ready(kinds, topology, random).map(({ kind, step }) => {
    const lane = lanes.indexOf(Math.min(...lanes));
    const atMs = Math.round(isOfLinks(kind) ? Math.max(lanes[lane]!, linksFreeAtMs) : lanes[lane]!);
    const forMs = within(draw.faultMs, random);
    lanes[lane] = atMs + forMs + within(draw.pauseMs, random);
    if (isOfLinks(kind)) linksFreeAtMs = lanes[lane]!;
    return { fault: kind.name, ...step(random), atMs, forMs };
  });
}

/** In lanes, of which each has one fault at a time. The ranges of a run lie within those of the campaign. */
function swarm(campaign: Campaign, topology: Topology, random: SeededRandom): WrittenStep[] {
  const { together, chaosMs, faultMs, pauseMs } = campaign.draw;
  const possible = kindsOn(campaign, topology);
  const some = possible.filter(() => random.chance(KIND_PROBABILITY));
  const chosen = ready(some.length > 0 ? some : possible.slice(0, 1), topology, random.fork('ranges'));
  const endMs = within(chaosMs, random);
  const lasting = narrowed(faultMs, random);
  const pausing = narrowed(pauseMs, random);
  const lanes = Array.from({ length: 1 + random.below(together) }, () => within([0, pausing[1]], random));
  const steps: DrawnStep[] = [];
  while (Math.min(...lanes) + lasting[0] < endMs || steps.length === 0) {
    const lane = lanes.indexOf(Math.min(...lanes));
    const atMs = lanes[lane]!;
    const inForce = inForceAt(atMs, steps);
    const drawn = Array.from({ length: DRAWS_MAX }, () => drawStep(chosen, { atMs, lasting }, random));
    const next = drawn.find(each => mayBegin(each, inForce, topology));
    if (next !== undefined) steps.push(next);
    lanes[lane] = atMs + Math.max(1, (next?.forMs ?? 0) + within(pausing, random));
  }
  return steps.map(({ kind: _, ...step }) => step);
}

function drawStep(
  chosen: readonly Ready[],
  { atMs, lasting }: { readonly atMs: number; readonly lasting: Range },
  random: SeededRandom,
): DrawnStep {
  const { kind, step } = weighted(chosen, random);
  const options = step(random);
  const forMs = within(lasting, random);
  const until = drawUntil(random, kind.name, options);
  const lasts = until === undefined ? { forMs } : { forMs: forMs * UNTIL_LASTS, until };
  return { kind, fault: kind.name, ...options, atMs, ...lasts };
}

function weighted(kinds: readonly Ready[], random: SeededRandom): Ready {
  let left = random.float() * kinds.reduce((sum, { weight }) => sum + weight, 0);
  for (const each of kinds) {
    left -= each.weight;
    if (left < 0) return each;
  }
  return kinds.at(-1)!;
}

function within([low, high]: Range, random: SeededRandom): number {
  return Math.round(random.between(low, high));
}

/** A part of the range that begins in its lower half: short and long faults come in different runs. */
function narrowed([low, high]: Range, random: SeededRandom): Range {
  const first = Math.round(random.between(low, (low + high) / 2));
  return [first, Math.round(random.between(first, high))];
}
