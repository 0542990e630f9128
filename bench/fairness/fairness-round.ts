/** One round of one server: how long a quiet client waits for its reads, alone and beside each neighbour. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Metric } from '../../results/names.ts';
import type { LoadDriver } from '../load/load-process.ts';
import type { LoadTarget } from '../load/load-spec.ts';
import type { Round } from '../peer/servers.ts';
import type { Ensemble } from '../topology/ensemble.ts';
import { UsageError } from '../usage-error.ts';
import type { NeighbourProcess } from './neighbour-process.ts';
import { NEIGHBOURS, type NeighbourName } from './neighbours.ts';
import { measureQuietClient } from './quiet-client.ts';

export const QUIET_READS_PER_SECOND = 500;
const WARMUP_MS = 1_000;
/** Time for the aftermath of a neighbour to pass. */
const SETTLE_MS = 300;
/** Limit for a disturbed ensemble to have one leader again. */
const SETTLED_MAX_MS = 60_000;

export const NEIGHBOUR_NAMES = Object.keys(NEIGHBOURS) as NeighbourName[];

interface Phase {
  /** Undefined when the quiet client is alone. */
  readonly neighbour: NeighbourName | undefined;
  /** The neighbour keeps another ensemble busy, on the same cores and disk. */
  readonly isNextDoor: boolean;
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
const suffixOf = ({ neighbour, isNextDoor }: Phase) =>
  `${isNextDoor ? 'next door to ' : ''}${neighbour ?? 'alone'}`;
const p99Of = (phase: Phase) => `quietReadP99 ${suffixOf(phase)}`;
const slowestOf = (phase: Phase) => `quietReadSlowest ${suffixOf(phase)}`;

/** Next door comes right before beside, so that the two of a neighbour share the state of the machine. */
function phasesOf(neighbours: readonly NeighbourName[], hasNextDoor: boolean): readonly Phase[] {
  const beside = neighbours.flatMap(neighbour => [
    ...(hasNextDoor ? [{ neighbour, isNextDoor: true }] : []),
    { neighbour, isNextDoor: false },
  ]);
  return [{ neighbour: undefined, isNextDoor: false }, ...beside];
}

function titleOf({ neighbour, isNextDoor }: Phase): string {
  if (neighbour === undefined) return 'Alone';
  return `${isNextDoor ? 'Next door to' : 'Beside'} ${NEIGHBOURS[neighbour].title}`;
}

export function fairnessMetrics(neighbours: readonly NeighbourName[], hasNextDoor = false): Metric[] {
  return phasesOf(neighbours, hasNextDoor).flatMap(phase => [
    { name: p99Of(phase), title: `${titleOf(phase)}: 99th percentile`, unit: 'ms', higherIsBetter: false },
    { name: slowestOf(phase), title: `${titleOf(phase)}: slowest`, unit: 'ms', higherIsBetter: false },
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
  /** Duration of each phase. */
  readonly durationMs: number;
}

/** @throws the reason of `signal` when it is aborted before the last phase */
export async function measureFairnessRound(
  ensemble: Ensemble,
  spec: FairnessRoundSpec,
  signal: AbortSignal,
): Promise<Round> {
  const readings: Record<string, number> = {};
  const voidReasons: string[] = [];
  let driverLagMs = 0;
  const { nextDoor } = spec;
  for (const phase of phasesOf(spec.beside, nextDoor !== undefined)) {
    signal.throwIfAborted();
    const target = await quietTarget(ensemble);
    const measured = await measureQuietClient({
      ...spec,
      target,
      neighbour: phase.neighbour,
      neighbourTarget: phase.isNextDoor ? await quietTarget(nextDoor!) : target,
      readsPerSecond: QUIET_READS_PER_SECOND,
      warmupMs: WARMUP_MS,
    });
    readings[p99Of(phase)] = measured.waits.p99;
    readings[slowestOf(phase)] = measured.waits.slowest;
    voidReasons.push(...measured.voidReasons.map(reason => `${suffixOf(phase)}: ${reason}`));
    driverLagMs = Math.max(driverLagMs, measured.driverLagMs);
    await delay(SETTLE_MS);
  }
  return { readings, voidReasons, driverLagMs, driver: spec.driver.worst };
}

/**
 * The leader of an ensemble that serves again. The last neighbour may have ended a leadership, or a member.
 */
async function quietTarget(ensemble: Ensemble): Promise<LoadTarget> {
  for (const member of ensemble.members) if (!member.process.isRunning) await ensemble.restart(member.name);
  await ensemble.ready();
  const leader = await ensemble.leaderWithin(SETTLED_MAX_MS);
  return { name: leader.name, ...leader.plan.ports.client };
}
