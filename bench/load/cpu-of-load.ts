/** The CPU that the members of an ensemble use while a load runs, per operation. */
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuMsBetween } from '../measure/cpu-window.ts';
import { ProcessSampler } from '../measure/process-sampler.ts';
import type { Ensemble } from '../topology/ensemble.ts';
import type { LoadResult } from './load-spec.ts';

const SAMPLE_INTERVAL_MS = 50;
/** How long to sample after the window, whose end lies between two samples. */
const AFTERWARDS_MS = 2 * SAMPLE_INTERVAL_MS;

export interface CostedLoad {
  readonly load: LoadResult;
  /** Of all members together; undefined when nothing was done or a member ended meanwhile. */
  readonly cpuUsPerOperation: number | undefined;
}

/** @param run runs one load to its end */
export async function cpuOfLoad(
  { members }: Pick<Ensemble, 'members'>,
  run: () => Promise<LoadResult>,
): Promise<CostedLoad> {
  // The processes at this moment. One that starts meanwhile is another process.
  const running = members.map(({ name, host, pid }) => ({ name, host, pid }));
  const usages = () => new Map(running.map(({ name, host, pid }) => [name, host.usage(pid)]));
  const sampler = new ProcessSampler(usages, SAMPLE_INTERVAL_MS).start();
  try {
    const load = await run();
    await sleep(AFTERWARDS_MS);
    // The driver is another process, and wall-clock time is what the two have in common.
    const fromMs = Date.parse(load.measuredFrom) - performance.timeOrigin;
    const { durationMs } = load.spec;
    const cpuMs = cpuMsBetween(sampler.series.values(), fromMs, fromMs + durationMs);
    const done = (load.okPerSecond * durationMs) / 1000;
    return { load, cpuUsPerOperation: cpuMs === undefined || done === 0 ? undefined : (cpuMs * 1000) / done };
  } finally {
    sampler.stop();
  }
}
