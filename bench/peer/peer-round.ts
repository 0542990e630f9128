/** One round of one server: writes, reads and lone writes, one phase after the other. */

import { getPriority } from 'node:os';
import { saturation } from '../load/driver-monitor.ts';
import { startLoadProcess } from '../load/load-process.ts';
import type { LoadResult, LoadSpec, LoadTarget } from '../load/load-spec.ts';
import { preload } from '../load/preload.ts';
import type { WorkloadSpec } from '../load/workload.ts';
import { driverOf, worstOf } from '../load/worst-driver.ts';
import { ProcessSampler } from '../measure/process-sampler.ts';
import { middleOf } from '../stats/summary.ts';
import type { Ensemble } from '../topology/ensemble.ts';
import type { Member } from '../topology/member.ts';
import { cpuMsBetween } from './cpu-window.ts';
import type { PeerReadings } from './metrics.ts';
import type { Round } from './servers.ts';

const SESSIONS_PER_MEMBER = 10;
const DEPTH = 32;
const WARMUP_MS = 1_000;
const SAMPLE_INTERVAL_MS = 50;
/** How long to sample after the window, whose end lies between two samples. */
const SETTLE_MS = 2 * SAMPLE_INTERVAL_MS;
const MIB = 2 ** 20;

export const PEER_WORKLOAD: WorkloadSpec = {
  mix: { setData: 1 },
  valueBytes: 100,
  keyCount: 1_000,
  skew: { kind: 'uniform' },
  seed: 1,
};

export const PEER_INPUTS = {
  sessionsPerMember: SESSIONS_PER_MEMBER,
  depth: DEPTH,
  warmupMs: WARMUP_MS,
  workload: PEER_WORKLOAD,
};

export const PEER_LOAD_TEXT = `${SESSIONS_PER_MEMBER} sessions on each voter, ${DEPTH} requests in flight on each, values of ${PEER_WORKLOAD.valueBytes} bytes`;

/** How a comparison measures: memory when fresh and at rest, and a round of every phase. */
export function measuring(seconds: number) {
  return {
    prepare: async (ensemble: Ensemble) => {
      const fresh = memoryReading('freshMemory', ensemble);
      await preload(ensemble.members[0]!.plan.ports.client, PEER_WORKLOAD, 0);
      return fresh;
    },
    rested: (ensemble: Ensemble) => memoryReading('restingMemory', ensemble),
    measure: (ensemble: Ensemble, signal: AbortSignal) => measureRound(ensemble, seconds * 1000, signal),
  };
}

/** @throws the reason of `signal` when it is aborted before the last phase */
async function measureRound(ensemble: Ensemble, durationMs: number, signal: AbortSignal): Promise<Round> {
  const saturating = (mix: WorkloadSpec['mix']): LoadSpec => ({
    targets: ensemble.members.map(targetOf),
    sessionsPerTarget: SESSIONS_PER_MEMBER,
    workload: { ...PEER_WORKLOAD, mix },
    mode: { kind: 'closed', depth: DEPTH },
    warmupMs: WARMUP_MS,
    durationMs,
  });
  const writes = await measurePhase(ensemble, saturating({ setData: 1 }), signal);
  const reads = await measurePhase(ensemble, saturating({ getData: 1 }), signal);
  const lone = await measurePhase(
    ensemble,
    {
      ...saturating({ setData: 1 }),
      targets: [targetOf(await ensemble.leader())],
      sessionsPerTarget: 1,
      mode: { kind: 'closed', depth: 1 },
    },
    signal,
  );
  const { p50Us } = lone.load.service;
  const readings: PeerReadings = {
    writeThroughput: writes.load.writesPerSecond,
    readThroughput: reads.load.readsPerSecond,
    ...defined('serverCpuPerWrite', writes.cpuUsPerOperation),
    ...defined('serverCpuPerRead', reads.cpuUsPerOperation),
    ...defined('loneWriteLatencyP50', p50Us === undefined ? undefined : p50Us / 1000),
  };
  return {
    readings,
    voidReasons: [
      ...named('writes', writes.load, reasonsAtSaturation(writes.load)),
      ...named('reads', reads.load, reasonsAtSaturation(reads.load)),
      ...named('lone writes', lone.load, lone.load.voidReasons),
    ],
    driver: worstOf(
      [writes, reads, lone].map(({ load }) => driverOf(load.driver, getPriority(), load.sends)),
    ),
    driverLagMs: Math.max(writes.load.driver.loopLagP99Ms, reads.load.driver.loopLagP99Ms),
  };
}

function targetOf(member: Member): LoadTarget {
  return { name: member.name, ...member.plan.ports.client };
}

interface Phase {
  readonly load: LoadResult;
  readonly cpuUsPerOperation: number | undefined;
}

async function measurePhase(ensemble: Ensemble, spec: LoadSpec, signal: AbortSignal): Promise<Phase> {
  signal.throwIfAborted();
  // The processes at this moment. One that starts within the phase is another process.
  const running = ensemble.members.map(({ name, host, pid }) => ({ name, host, pid }));
  const usages = () => new Map(running.map(({ name, host, pid }) => [name, host.usage(pid)]));
  const sampler = new ProcessSampler(usages, SAMPLE_INTERVAL_MS).start();
  const driver = startLoadProcess(spec);
  signal.addEventListener('abort', driver.stop);
  try {
    const load = await driver.result;
    await new Promise(resolve => setTimeout(resolve, SETTLE_MS));
    // The driver is another process, and wall-clock time is what the two have in common.
    const fromMs = Date.parse(load.measuredFrom) - performance.timeOrigin;
    const cpuMs = cpuMsBetween(sampler.series.values(), fromMs, fromMs + spec.durationMs);
    const done = (load.okPerSecond * spec.durationMs) / 1000;
    return { load, cpuUsPerOperation: cpuMs === undefined || done === 0 ? undefined : (cpuMs * 1000) / done };
  } finally {
    signal.removeEventListener('abort', driver.stop);
    sampler.stop();
  }
}

/** Resident memory of the median member. */
function memoryReading(name: 'freshMemory' | 'restingMemory', { members }: Ensemble): PeerReadings {
  const mib = members.flatMap(member => {
    const sample = member.usage();
    return sample === null ? [] : [sample.rssBytes / MIB];
  });
  return mib.length === members.length ? { [name]: middleOf(mib.sort((a, b) => a - b)) } : {};
}

function defined(name: keyof PeerReadings, value: number | undefined): PeerReadings {
  return value === undefined ? {} : { [name]: value };
}

/**
 * Servers that use every core make the driver wait for one, as intended here: as long as the driver has work
 * to do and is not out of CPU itself, the machine is the limit for both. Then the lag is reported, and the
 * numbers count.
 */
function reasonsAtSaturation({ driver, voidReasons }: LoadResult): readonly string[] {
  const heldUpOnly = saturation({ ...driver, loopLagP99Ms: 0 }).length === 0;
  const ofDriver = new Set(saturation(driver));
  return heldUpOnly ? voidReasons.filter(reason => !ofDriver.has(reason)) : voidReasons;
}

function named(phase: string, { totals }: LoadResult, reasons: readonly string[]): string[] {
  const lost = totals.errors + totals.unknown;
  return [
    ...reasons.map(reason => `${phase}: ${reason}`),
    ...(lost > 0
      ? [`${phase}: ${totals.errors} requests failed and ${totals.unknown} were not answered`]
      : []),
  ];
}
