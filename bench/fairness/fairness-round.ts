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
type Phase = 'alone' | NeighbourName;

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

const p99Of = (phase: Phase) => `quietReadP99 ${phase}`;
const slowestOf = (phase: Phase) => `quietReadSlowest ${phase}`;

function phasesOf(neighbours: readonly NeighbourName[]): readonly Phase[] {
  return ['alone', ...neighbours];
}

export function fairnessMetrics(neighbours: readonly NeighbourName[]): Metric[] {
  return phasesOf(neighbours).flatMap(phase => {
    const title = phase === 'alone' ? 'Alone' : `Beside ${NEIGHBOURS[phase].title}`;
    return [
      { name: p99Of(phase), title: `${title}: 99th percentile`, unit: 'ms', higherIsBetter: false },
      { name: slowestOf(phase), title: `${title}: slowest`, unit: 'ms', higherIsBetter: false },
    ];
  });
}

export interface FairnessRoundSpec {
  readonly neighbours: NeighbourProcess;
  /** Those that the quiet client is measured beside, besides alone. */
  readonly beside: readonly NeighbourName[];
  readonly driver: LoadDriver;
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
  for (const phase of phasesOf(spec.beside)) {
    signal.throwIfAborted();
    const target = await quietTarget(ensemble);
    const neighbour = phase === 'alone' ? undefined : phase;
    const measured = await measureQuietClient({
      ...spec,
      target,
      neighbour,
      readsPerSecond: QUIET_READS_PER_SECOND,
      warmupMs: WARMUP_MS,
    });
    readings[p99Of(phase)] = measured.waits.p99;
    readings[slowestOf(phase)] = measured.waits.slowest;
    voidReasons.push(...measured.voidReasons.map(reason => `${phase}: ${reason}`));
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
