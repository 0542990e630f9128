/** CPU that processes used between two moments, from samples taken around those moments. */
import type { ProcessSample } from '../hosts/process-usage.ts';

/**
 * @param fromMs on the clock of the samples
 * @returns undefined when the samples of a process do not span the window, because it started or ended within
 */
export function cpuMsBetween(
  series: Iterable<readonly ProcessSample[]>,
  fromMs: number,
  toMs: number,
): number | undefined {
  let total = 0;
  for (const samples of series) {
    const [from, to] = [cpuMsAt(samples, fromMs), cpuMsAt(samples, toMs)];
    if (from === undefined || to === undefined) return undefined;
    total += to - from;
  }
  return total;
}

/** Interpolates linearly between the two samples next to the moment. */
function cpuMsAt(samples: readonly ProcessSample[], atMs: number): number | undefined {
  const next = samples.findIndex(sample => sample.atMs >= atMs);
  const after = samples[next];
  if (after === undefined) return undefined;
  if (after.atMs === atMs) return after.cpuMs;
  const before = samples[next - 1];
  if (before === undefined) return undefined;
  const share = (atMs - before.atMs) / (after.atMs - before.atMs);
  return before.cpuMs + share * (after.cpuMs - before.cpuMs);
}
