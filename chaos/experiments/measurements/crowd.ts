/** Writes at a steady rate beside one crowd of sinks: their latency, and what they cost the leader. */
import type { LoadTarget } from '../../../bench/load/load-spec.ts';
import { latencyVoidReasons } from '../../../bench/load/load-validity.ts';
import {
  countedRoles,
  countedSince,
  exactCountsOf,
  readCounters,
  whyUncounted,
} from '../../../bench/measure/exact-counts.ts';
import { LatencyHistogram } from '../../../bench/measure/histograms.ts';
import type { Recorder } from '../../../bench/measure/recorder.ts';
import { type MasterAddress, Sinks, type SinksUse } from '../../../bench/sinks/sinks.ts';
import { mntr } from '../../../bench/topology/four-letter.ts';
import type { RoleAssignment, Stage } from '../stage.ts';
import { type WriteLoad, workloadOf } from './throughput.ts';

export interface CrowdContext {
  readonly stage: Stage;
  readonly condition: string;
  readonly round: number;
  readonly recorder: Recorder;
  readonly write: WriteLoad;
  readonly signal: AbortSignal;
}

export interface CrowdTiming {
  readonly ratePerSecond: number;
  readonly warmupMs: number;
  readonly windowMs: number;
  readonly servingMaxMs: number;
}

/** The metrics that claims judge. */
const JUDGED = ['writeLatencyP50', 'leaderCpuPerWrite'] as const;

/** @throws Error when not all sinks serve in time */
export async function measureCrowd(
  { stage, condition, round, recorder, write, signal }: CrowdContext,
  size: number,
  { ratePerSecond, warmupMs, windowMs, servingMaxMs }: CrowdTiming,
): Promise<void> {
  const assignment = await stage.assignRoles();
  const { leader } = assignment;
  const { members } = stage.ensemble;
  const at = (metric: string) => ({ metric, topology: stage.name, condition });
  const begunAtMs = Date.now();
  const sinks = await Sinks.start({ count: size, masters: mastersOf(stage, assignment) });
  try {
    const served = await sinks.untilServing(servingMaxMs, signal).catch((error: Error) => {
      // A crowd without a trace would leave its place to the next smaller one.
      if (!signal.aborted) for (const metric of JUDGED) recorder.voided(at(metric), round, error.message);
      throw error;
    });
    const before = await readCounters(members);
    const cpuBefore = leader.host.threadsCpuMs(leader.pid);
    const target: LoadTarget = { name: leader.name, ...leader.plan.ports.client, role: 'voter' };
    const load = await write.driver.run({
      targets: [target],
      sessionsPerTarget: write.load.sessionsPerTarget,
      workload: workloadOf(write),
      mode: { kind: 'open', ratePerSecond, arrivals: 'poisson' },
      warmupMs,
      durationMs: windowMs,
    });
    const cpuAfter = leader.host.threadsCpuMs(leader.pid);
    const names = members.map(({ name }) => name);
    const { deltas, isLevel } = await countedSince(before, members, leader.name, names);
    const after = await sinks.use();
    const told = after.informs - served.informs;
    const writes = deltas.get(leader.name)?.committed;

    const gone = crowdVoidReasons(size, served, after);
    const reasons = [...latencyVoidReasons(load, 'median', true), ...gone];
    const record = (metric: string, value: number | undefined) => {
      if (reasons.length > 0) recorder.voided(at(metric), round, reasons.join('; '));
      else if (value !== undefined) recorder.sample(at(metric), round, value);
    };
    const latency = new LatencyHistogram();
    for (const { response } of load.operations) latency.merge(LatencyHistogram.decode(response));
    const { p50Us, p99Us } = latency.percentiles();
    record('writeLatencyP50', p50Us === undefined ? undefined : p50Us / 1_000);
    record('writeLatencyP99', p99Us === undefined ? undefined : p99Us / 1_000);
    if (cpuBefore !== null && cpuAfter !== null && writes)
      record('leaderCpuPerWrite', ((cpuAfter - cpuBefore) * 1_000) / writes);
    if (size > 0) record('sinksServingMs', served.lastServingAtMs - begunAtMs);
    if (gone.length > 0 || whyUncounted(isLevel, writes, load.totals.writesOkWithWarmup) !== undefined)
      return;
    const counts = exactCountsOf(deltas, countedRoles(members, leader));
    const learners = (await mntr(leader.plan.ports.client)).numbers.get('learners');
    recorder.counts(at('writeLatencyP50'), {
      ...counts,
      ...(learners !== undefined && { leaderConnections: learners }),
      ...(writes && size > 0 && { informsPerSink: told / writes / size }),
    });
  } finally {
    await sinks.stop();
  }
}

/** Why a window is not about this crowd: masters that let their observers go have less to do. */
export function crowdVoidReasons(
  size: number,
  before: Pick<SinksUse, 'reconnects'>,
  after: Pick<SinksUse, 'serving' | 'reconnects' | 'lastReason'>,
): string[] {
  const lost = after.reconnects - before.reconnects;
  if (after.serving === size && lost === 0) return [];
  return [
    `the crowd was not whole: ${after.serving} of ${size} sinks served at the end, after ${lost} lost connections; the last loss: ${after.lastReason || 'none'}`,
  ];
}

/** With masters: followers alone. Otherwise all voters, of which only the leader listens. */
function mastersOf(stage: Stage, { leader }: RoleAssignment): MasterAddress[] {
  const voters = stage.ensemble.members.filter(({ plan }) => plan.role === 'participant');
  return stage.topology.observerMasters
    ? voters.filter(member => member !== leader).map(({ plan }) => plan.ports.observerMaster)
    : voters.map(({ plan }) => plan.ports.quorum);
}
