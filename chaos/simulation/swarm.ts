import type { SeededRandom } from '../../server/runtime/seeded-random.ts';
import type { LinkQuality } from '../../server/runtime/virtual/memory-link.ts';
import { type FaultKind, SIMULATED_FAULTS } from './faults/index.ts';
import type { FaultNeed } from './faults/simulated-fault.ts';
import { drawSessionSettings, drawSettings, observersReadOn } from './settings.ts';
import type { Shape } from './shape.ts';

/**
 * The character of a run. Each seed draws its own ranges and weights, many of them zero, because a run with
 * every fault at once seldom gets far enough for the rare ones to matter.
 *
 * @see Groce et al., Swarm Testing (2012)
 */
export interface Swarm {
  readonly link: Partial<LinkQuality>;
  /** A disk sync takes up to this long. */
  readonly syncDelayMsMax: number;
  /** A turn of a member's loop takes up to this long. Longer turns make batches. */
  readonly turnMsMax: number;
  /**
   * Work units for one turn of a member's loop. A small number makes slices end everywhere. Undefined: the
   * limit of a real server.
   */
  readonly turnUnits: number | undefined;
  /** Members' clocks run fast or slow by at most this share. */
  readonly driftMax: number;
  readonly faultWeights: Readonly<Record<FaultKind, number>>;
  readonly faultIntervalMs: readonly [low: number, high: number];
  readonly faultDurationMs: readonly [low: number, high: number];
  readonly chaosMs: number;
  readonly clients: number;
  /** How many of them say that a read-only server is enough, where there are such servers. */
  readonly readers: number;
  readonly keys: number;
  /** Maximum number of outstanding operations of a client. */
  readonly pipelineDepth: number;
  readonly thinkMs: readonly [low: number, high: number];
  readonly readShare: number;
  /** Share of operations that go beyond registers; see `wild-requests.ts`. */
  readonly wildShare: number;
  /** Period at the start during which members are killed while they form their first quorum. */
  readonly birthMs: number;
  /** Lines of zoo.cfg for all members: small logs, so that DIFF, TRUNC and SNAP all happen. */
  readonly settings: Readonly<Record<string, string>>;
}

/**
 * Some runs contain a single fault only. Faults with steps take seconds in which nothing else may go wrong,
 * because any other fault would make them harmless.
 */
export function focused(swarm: Swarm, random: SeededRandom): Swarm {
  const own = random.fork('focus');
  if (!own.chance(FOCUS_PROBABILITY)) return swarm;
  const { kind, focus } = own.pick(FOCUSES);
  const faultWeights = { ...swarm.faultWeights };
  for (const other of Object.keys(faultWeights) as FaultKind[]) faultWeights[other] = other === kind ? 1 : 0;
  const intervalMs = focus?.intervalMs ?? own.between(500, 3000);
  const thinkMs: Swarm['thinkMs'] = [0, Math.min(50, swarm.thinkMs[1])];
  return {
    ...swarm,
    faultWeights,
    thinkMs,
    readShare: swarm.readShare / 2,
    faultIntervalMs: [intervalMs / 5, intervalMs],
  };
}

const FOCUS_PROBABILITY = 0.4;
/** Each fault as often as it has runs of its own. */
const FOCUSES = SIMULATED_FAULTS.flatMap(fault =>
  Array.from({ length: fault.focus?.days ?? 0 }, () => fault),
);

/** Without what only a whole server can take: failing disks, and operations beyond registers. */
export function forToys(swarm: Swarm): Swarm {
  const faultWeights = { ...swarm.faultWeights };
  for (const { kind, ofServers = false } of SIMULATED_FAULTS) if (ofServers) faultWeights[kind] = 0;
  return { ...swarm, wildShare: 0, birthMs: 0, readers: 0, faultWeights };
}

/**
 * Probability of each kind of fault to occur in a run. With a larger share of the kinds, members get nothing
 * done.
 */
const KIND_PROBABILITY = 0.55;

export function drawSwarm(random: SeededRandom): Swarm {
  const rare = random.fork('rare');
  // Now and then longer than the session timeout.
  const longest = random.between(200, 4000) * (rare.chance(0.25) ? 2.5 : 1);
  const interval = random.between(150, 1500);
  const sessions = random.fork('sessions');
  const drawn: Omit<Swarm, 'readers'> = {
    link: drawLink(random),
    syncDelayMsMax: random.pick([0.1, 1, 10]),
    turnMsMax: random.pick([0, 0.05, 1]),
    turnUnits: random.fork('turns').pick([undefined, undefined, 12]),
    driftMax: random.pick([0, 0, 0.01, 0.05]),
    faultWeights: drawWeights(random),
    faultIntervalMs: [interval / 4, interval * 2],
    faultDurationMs: [longest / 10, longest],
    chaosMs: random.between(6_000, 16_000),
    clients: 2 + random.below(4),
    keys: 1 + random.below(6),
    pipelineDepth: random.pick([1, 1, 4, 16]),
    thinkMs: [0, random.pick([10, 50, 200])],
    readShare: random.between(0.1, 0.8),
    wildShare: random.pick([0.2, 0.6, 0.9]),
    settings: drawSettings(random),
    birthMs: rare.chance(0.3) ? rare.between(300, 2500) : 0,
  };
  // One client at least writes wherever it can, so that there is something to miss.
  const readers = 1 + sessions.below(drawn.clients - 1);
  const settings = { ...drawn.settings, ...drawSessionSettings(sessions) };
  const swarm = { ...drawn, readers, settings };
  return observersReadOn(settings) ? withFaultsFor(swarm, 'readers', sessions) : swarm;
}

/** The same character, with the faults that matter to the shape of its ensemble. */
export function fitted(swarm: Swarm, shape: Shape, random: SeededRandom): Swarm {
  const own = fittedToMembers(swarm, shape, random);
  return shape.networks === undefined ? own : withFaultsFor(own, 'networks', random.fork('networks'));
}

function fittedToMembers(swarm: Swarm, { groups, oracle, spares }: Shape, random: SeededRandom): Swarm {
  if (spares !== undefined) return withFaultsFor(withoutLocalSessions(swarm), 'spares', random);
  if (oracle === true) return withFaultsFor(swarm, 'oracle', random);
  return groups === undefined ? swarm : withFaultsFor(swarm, 'groups', random);
}

/** Observers that become voters, and voters that leave, are enough for one run. */
function withoutLocalSessions(swarm: Swarm): Swarm {
  const kept = Object.entries(swarm.settings).filter(([key]) => !/session|readonly/i.test(key));
  const faultWeights = { ...swarm.faultWeights, isolation: 0 };
  return { ...swarm, faultWeights, settings: Object.fromEntries(kept) };
}

/** Some of these runs contain nothing else: observers then often come back by DIFF, for example. */
function withFaultsFor(swarm: Swarm, need: FaultNeed, random: SeededRandom): Swarm {
  const faultWeights = { ...swarm.faultWeights };
  const isAlone = random.chance(FOCUS_PROBABILITY);
  for (const { kind, weight, needs } of SIMULATED_FAULTS) {
    if (needs === need) faultWeights[kind] = weight;
    else if (isAlone) faultWeights[kind] = 0;
  }
  return { ...swarm, faultWeights };
}

function drawLink(random: SeededRandom): Partial<LinkQuality> {
  const latencyMs = random.pick([0.1, 1, 5, 20]);
  return {
    latencyMs,
    jitterMs: latencyMs * random.pick([0, 0.5, 3]),
    lossProbability: random.pick([0, 0, 0.001, 0.02]),
    splitProbability: random.pick([0, 0.1, 0.8]),
  };
}

function drawWeights(random: SeededRandom): Record<FaultKind, number> {
  const weights = SIMULATED_FAULTS.map(({ kind, weight, ofServers = false, needs }) => {
    if (needs !== undefined) return [kind, 0] as const;
    const own = ofServers ? random.fork(kind) : random;
    return [kind, own.chance(KIND_PROBABILITY) ? weight * own.float() : 0] as const;
  });
  return Object.fromEntries(weights) as Record<FaultKind, number>;
}
