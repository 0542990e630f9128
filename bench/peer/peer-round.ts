/** One round of one server: writes, reads and lone writes, one phase after the other. */

import { getPriority } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { type CostedLoad, cpuOfLoad } from '../load/cpu-of-load.ts';
import { saturation } from '../load/driver/driver-monitor.ts';
import { driverOf, worstOf } from '../load/driver/worst-driver.ts';
import { startLoadProcess } from '../load/load-process.ts';
import type { LoadResult, LoadSpec, LoadTarget } from '../load/load-spec.ts';
import { preload } from '../load/workload/preload.ts';
import type { WorkloadSpec } from '../load/workload/workload.ts';
import { middleOf } from '../stats/summary.ts';
import type { Ensemble } from '../topology/ensemble.ts';
import type { Member } from '../topology/member.ts';
import type { PeerReadings } from './metrics.ts';
import type { Round } from './servers.ts';

const SESSIONS_PER_MEMBER = 10;
const DEPTH = 32;
const WARMUP_MS = 1_000;
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

/**
 * How long a member has been idle when its memory at rest is read. Ours returns memory within 12.5 s; read at
 * about that time, equal servers differed by a third, the same one in every round.
 */
const REST_MIN_MS = 15_000;
/** With shorter phases, a turn would have members rest for longer than it lasts, so it is not read. */
const RESTING_SECONDS_MIN = 3;

/** An ensemble is ready while its members still load modules, by up to 5 MiB more in one than in another. */
const FRESH_MS = 2_000;

/** How a comparison measures: memory when fresh and at rest, and a round of every phase. */
export function measuring(seconds: number) {
  const idleSince = new WeakMap<Ensemble, number>();
  return {
    prepare: async (ensemble: Ensemble, signal: AbortSignal) => {
      await sleep(FRESH_MS, undefined, { signal });
      const fresh = memoryReading('freshMemory', ensemble);
      await preload(ensemble.members[0]!.plan.ports.client, PEER_WORKLOAD, 0);
      return fresh;
    },
    rested: async (ensemble: Ensemble, signal: AbortSignal): Promise<PeerReadings> => {
      if (seconds < RESTING_SECONDS_MIN) return {};
      const restedMs = performance.now() - (idleSince.get(ensemble) ?? Number.NEGATIVE_INFINITY);
      if (restedMs < REST_MIN_MS) await sleep(REST_MIN_MS - restedMs, undefined, { signal });
      return memoryReading('restingMemory', ensemble);
    },
    measure: async (ensemble: Ensemble, signal: AbortSignal) => {
      const round = await measureRound(ensemble, seconds * 1000, signal);
      idleSince.set(ensemble, performance.now());
      return round;
    },
  };
}

/** @throws the reason of `signal` when it is aborted before the last phase */
async function measureRound(ensemble: Ensemble, durationMs: number, signal: AbortSignal): Promise<Round> {
  const saturating = (mix: WorkloadSpec['mix']): LoadSpec => ({
    targets: ensemble.members.map(targetOf),
    sessionsPerTarget: SESSIONS_PER_MEMBER,
    workload: { ...PEER_WORKLOAD, mix },
    mode: { kind: 'closed', depth: DEPTH },
    warmupMs: Math.min(WARMUP_MS, durationMs),
    durationMs,
  });
  const writes = await measurePhase(ensemble, saturating({ setData: 1 }), signal);
  const reads = await measurePhase(ensemble, saturating({ getData: 1 }), signal);
  const lone = await measurePhase(
    ensemble,
    {
      ...saturating({ setData: 1 }),
      targets: [targetOf(await ensemble.leaderWithin())],
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

function measurePhase(ensemble: Ensemble, spec: LoadSpec, signal: AbortSignal): Promise<CostedLoad> {
  signal.throwIfAborted();
  return cpuOfLoad(ensemble, async () => {
    const driver = startLoadProcess(spec);
    signal.addEventListener('abort', driver.stop);
    try {
      return await driver.result;
    } finally {
      signal.removeEventListener('abort', driver.stop);
    }
  });
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
