import type { MachineUse, Result } from './schema.ts';

/** Limits of a timed comparison: beyond them its times are about the machine. Shares of all cores. */
const MACHINE_LIMITS = { othersShare: 0.25, stealShare: 0.02 } as const;

/** Why times of this run say nothing about the servers; undefined if the machine was left to the run. */
export function whyBusy({
  machineUse,
  environment,
}: Pick<Result, 'machineUse'> & {
  readonly environment: Pick<Result['environment'], 'toxiproxy'>;
}): string | undefined {
  if (machineUse === undefined) return undefined;
  const { cores, othersCores = 0, stealShare = 0 } = machineUse;
  // A Toxiproxy that the run did not start works for the run, and nobody can tell how much.
  const isShared =
    environment.toxiproxy.kind !== 'external' && othersCores / cores > MACHINE_LIMITS.othersShare;
  if (isShared)
    return `the machine was busy with something else: others used ${othersCores.toFixed(2)} of its ${cores} cores, at most ${MACHINE_LIMITS.othersShare * 100} % is accepted`;
  return stealShare > MACHINE_LIMITS.stealShare
    ? `the hypervisor took ${(stealShare * 100).toFixed(1)} % of the machine, at most ${MACHINE_LIMITS.stealShare * 100} % is accepted`
    : undefined;
}

/** `2 cores, load average 0.4 before and 3.1 after; this run used 1.62 cores, others 0.05; steal 0.0 %` */
export function machineText(use: MachineUse): string {
  const { cores, loadAverageBefore, loadAverageAfter, ownCores, othersCores, stealShare } = use;
  const load = `${cores} cores, load average ${loadAverageBefore.toFixed(1)} before and ${loadAverageAfter.toFixed(1)} after`;
  if (ownCores === undefined || othersCores === undefined || stealShare === undefined) return load;
  return `${load}; this run used ${ownCores.toFixed(2)} cores, others ${othersCores.toFixed(2)}; steal ${(stealShare * 100).toFixed(1)} %`;
}
