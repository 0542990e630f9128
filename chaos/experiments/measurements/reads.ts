/** Reads at the maximum rate (closed loop): at every member, or at the observers beside writes. */
import { saturation } from '../../../bench/load/driver/driver-monitor.ts';
import type { LoadDriver } from '../../../bench/load/load-process.ts';
import { ENDED_EARLY, type LoadResult, type LoadSpec } from '../../../bench/load/load-spec.ts';
import type { Member } from '../../../bench/topology/member.ts';
import type { WriteLoad } from './throughput.ts';
import { workloadOf } from './throughput.ts';

export interface ReadLoad {
  readonly driver: LoadDriver;
  readonly write: Pick<WriteLoad, 'load' | 'seed'>;
  readonly sessionsPerMember: number;
  readonly depth: number;
}

/** A healthy ensemble that answers fewer reads than this in a load is unwell. */
const READS_MIN = 100;
/** The reads outlast the writes beside them, and are ended when those are done. */
const BESIDE_MAX_MS = 600_000;

export function measureReads(
  load: ReadLoad,
  members: readonly Member[],
  times: Pick<LoadSpec, 'warmupMs' | 'durationMs'>,
): Promise<LoadResult> {
  return load.driver.run(readSpec(load, members, times));
}

/** Runs `body` while members are read from. */
export async function besideReads<T>(
  load: ReadLoad,
  members: readonly Member[],
  body: () => Promise<T>,
): Promise<{ value: T; reads: LoadResult }> {
  const reads = load.driver.run(readSpec(load, members, { warmupMs: 0, durationMs: BESIDE_MAX_MS }));
  const running = body();
  try {
    const value = await Promise.race([running, failureOf(reads)]);
    load.driver.abort();
    return { value, reads: await reads };
  } finally {
    load.driver.abort();
    // What goes on would run into whatever is measured next.
    await Promise.allSettled([reads, running]);
  }
}

/** Settles only when the reads fail: then what stands beside them is not what it should be. */
function failureOf(reads: Promise<LoadResult>): Promise<never> {
  return new Promise((_, reject) => void reads.catch(reject));
}

/** Why reads say nothing. That they were ended with the writes is as intended. */
export function readVoidReasons({ driver, totals, voidReasons }: LoadResult, isEnded = false): string[] {
  const { ok } = totals;
  return [
    ...saturation(driver),
    ...(isEnded ? [] : voidReasons.filter(reason => reason === ENDED_EARLY)),
    ...(ok < READS_MIN
      ? [`the ensemble was unwell: it answered ${ok} reads, at least ${READS_MIN} are needed`]
      : []),
  ];
}

export function readSpec(
  { write, sessionsPerMember, depth }: Omit<ReadLoad, 'driver'>,
  members: readonly Member[],
  times: Pick<LoadSpec, 'warmupMs' | 'durationMs'>,
): LoadSpec {
  return {
    ...times,
    targets: members.map(({ name, plan }) => ({ name, ...plan.ports.client })),
    sessionsPerTarget: sessionsPerMember,
    workload: { ...workloadOf(write), mix: { getData: 1 } },
    mode: { kind: 'closed', depth },
  };
}
