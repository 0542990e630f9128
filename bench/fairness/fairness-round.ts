/** One round of one server: how long a quiet client waits for its reads, alone and beside each neighbour. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Metric } from '../../results/names.ts';
import type { LoadDriver } from '../load/load-process.ts';
import type { LoadTarget } from '../load/load-spec.ts';
import type { Round } from '../peer/servers.ts';
import type { Ensemble } from '../topology/ensemble.ts';
import type { Member } from '../topology/member.ts';
import { UsageError } from '../usage-error.ts';
import { withCoreAtHand } from './core-at-hand.ts';
import type { NeighbourProcess } from './neighbour-process.ts';
import { NEIGHBOURS, type NeighbourName } from './neighbours.ts';
import { type MeasuredQuietClient, measureQuietClient } from './quiet-client.ts';

export const QUIET_READS_PER_SECOND = 500;
const WARMUP_MS = 1_000;
/** Time for the aftermath of a neighbour to pass. */
const SETTLE_MS = 300;
/** Limit for a disturbed ensemble to have one leader again. */
const SETTLED_MAX_MS = 60_000;

export const NEIGHBOUR_NAMES = Object.keys(NEIGHBOURS) as NeighbourName[];

/**
 * Where a neighbour is. `next door`: it keeps another ensemble busy, on the same cores and disk. `core at
 * hand`: it is beside the client, while the server and the driver get a core whenever they can run.
 */
type Place = 'next door' | 'beside' | 'core at hand';

type Phase = 'alone' | { readonly neighbour: NeighbourName; readonly place: Place };

/** The places besides `beside` in which each neighbour is measured. */
export interface OtherPlaces {
  readonly nextDoor: boolean;
  readonly coreAtHand: boolean;
}

/** @param only names of neighbours, comma-separated @default all of them @throws UsageError */
export function chooseNeighbours(only: string | undefined): NeighbourName[] {
  if (only === undefined) return NEIGHBOUR_NAMES;
  const asked = only.split(',').map(word => word.trim());
  const unknown = asked.filter(word => !Object.hasOwn(NEIGHBOURS, word));
  if (unknown.length > 0)
    throw new UsageError(
      `neighbours "${only}": unknown ${unknown.join(', ') || '(none given)'}; accepted are ${NEIGHBOUR_NAMES.join(', ')}`,
    );
  return NEIGHBOUR_NAMES.filter(name => asked.includes(name));
}

/** The metrics of a phase end with this. */
function suffixOf(phase: Phase): string {
  if (phase === 'alone') return phase;
  const { neighbour, place } = phase;
  if (place === 'next door') return `next door to ${neighbour}`;
  return place === 'beside' ? neighbour : `${neighbour}, core at hand`;
}

const p99Of = (phase: Phase) => `quietReadP99 ${suffixOf(phase)}`;
const slowestOf = (phase: Phase) => `quietReadSlowest ${suffixOf(phase)}`;
const servedOf = (phase: Phase) => `neighbourServed ${suffixOf(phase)}`;

/** The metric of what the server itself makes the client wait beside a neighbour. */
export function ownWaitOf(neighbour: NeighbourName): string {
  return p99Of({ neighbour, place: 'core at hand' });
}

/** The phases of a neighbour follow each other, so that they share the state of the machine. */
function phasesOf(neighbours: readonly NeighbourName[], others: OtherPlaces): readonly Phase[] {
  const places: Place[] = [
    ...(others.nextDoor ? ['next door' as const] : []),
    'beside',
    ...(others.coreAtHand ? ['core at hand' as const] : []),
  ];
  return ['alone', ...neighbours.flatMap(neighbour => places.map(place => ({ neighbour, place })))];
}

function titleOf(phase: Phase): string {
  if (phase === 'alone') return 'Alone';
  const { title } = NEIGHBOURS[phase.neighbour];
  if (phase.place === 'next door') return `Next door to ${title}`;
  return phase.place === 'beside' ? `Beside ${title}` : `Beside ${title}, with a core at hand`;
}

export function fairnessMetrics(neighbours: readonly NeighbourName[], others: OtherPlaces): Metric[] {
  return phasesOf(neighbours, others).flatMap(phase => [
    { name: p99Of(phase), title: `${titleOf(phase)}: 99th percentile`, unit: 'ms', higherIsBetter: false },
    { name: slowestOf(phase), title: `${titleOf(phase)}: slowest`, unit: 'ms', higherIsBetter: false },
    ...(phase === 'alone'
      ? []
      : [
          {
            name: servedOf(phase),
            title: `${titleOf(phase)}: served for it`,
            unit: '/s',
            higherIsBetter: true,
          },
        ]),
  ]);
}

export interface FairnessRoundSpec {
  readonly neighbours: NeighbourProcess;
  /** Those that the quiet client is measured beside, besides alone. */
  readonly beside: readonly NeighbourName[];
  readonly driver: LoadDriver;
  /**
   * Another ensemble of the same kind. A neighbour there takes from the client what the operating system
   * takes, and nothing more.
   */
  readonly nextDoor?: Ensemble;
  /** Whether to measure with a core at hand as well. */
  readonly coreAtHand: boolean;
  /** Duration of each phase. */
  readonly durationMs: number;
}

/**
 * A phase in which a member ended leaves no reading, nor does one that is judged and does not count.
 *
 * @throws the reason of `signal` when it is aborted before the last phase
 */
export async function measureFairnessRound(
  ensemble: Ensemble,
  spec: FairnessRoundSpec,
  signal: AbortSignal,
): Promise<Round> {
  const readings: Record<string, number> = {};
  const voidReasons: string[] = [];
  let driverLagMs = 0;
  const { nextDoor, coreAtHand } = spec;
  for (const phase of phasesOf(spec.beside, { nextDoor: nextDoor !== undefined, coreAtHand })) {
    signal.throwIfAborted();
    const deathsBefore = ensemble.deaths.length;
    const measured = await measurePhase(ensemble, phase, spec);
    const deaths = ensemble.deaths
      .slice(deathsBefore)
      .map(({ member, exit }) => `${member} ended with ${exit}`);
    const reasons = [...measured.voidReasons, ...deaths];
    const isJudged = phase !== 'alone' && phase.place === 'core at hand';
    if (deaths.length === 0 && !(isJudged && reasons.length > 0)) {
      readings[p99Of(phase)] = measured.waits.p99;
      readings[slowestOf(phase)] = measured.waits.slowest;
      if (measured.neighbourPerSecond !== undefined) readings[servedOf(phase)] = measured.neighbourPerSecond;
    }
    voidReasons.push(...reasons.map(reason => `${suffixOf(phase)}: ${reason}`));
    driverLagMs = Math.max(driverLagMs, measured.driverLagMs);
    await delay(SETTLE_MS);
  }
  return { readings, voidReasons, driverLagMs, driver: spec.driver.worst };
}

async function measurePhase(
  ensemble: Ensemble,
  phase: Phase,
  spec: FairnessRoundSpec,
): Promise<MeasuredQuietClient> {
  const { neighbour, place } = phase === 'alone' ? { neighbour: undefined, place: phase } : phase;
  const leader = await quietLeader(ensemble);
  const measure = async () =>
    measureQuietClient({
      ...spec,
      target: targetOf(leader),
      neighbour,
      neighbourTarget: targetOf(place === 'next door' ? await quietLeader(spec.nextDoor!) : leader),
      readsPerSecond: QUIET_READS_PER_SECOND,
      warmupMs: WARMUP_MS,
    });
  if (place !== 'core at hand') return measure();
  const { value, voidReasons } = await withCoreAtHand(
    { serverPid: leader.pid, driverPid: spec.driver.pid },
    measure,
  );
  return { ...value, voidReasons: [...value.voidReasons, ...voidReasons] };
}

function targetOf(member: Member): LoadTarget {
  return { name: member.name, ...member.plan.ports.client };
}

/**
 * The leader of an ensemble that serves again. The last neighbour may have ended a leadership, or a member.
 */
async function quietLeader(ensemble: Ensemble): Promise<Member> {
  for (const member of ensemble.members) if (!member.process.isRunning) await ensemble.restart(member.name);
  await ensemble.ready();
  return ensemble.leaderWithin(SETTLED_MAX_MS);
}
