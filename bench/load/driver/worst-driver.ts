/** The worst that was seen of a load driver in a run, as results keep it. */
import type { MachineUse } from '../../../results/schema.ts';
import type { DriverUse } from './driver-monitor.ts';

export type WorstDriver = NonNullable<MachineUse['driver']>;

interface Sends {
  readonly intended: number;
  readonly late: number;
  readonly dropped: number;
}

const NO_SENDS: Sends = { intended: 0, late: 0, dropped: 0 };

export function driverOf(
  { cores, loopLagP99Ms }: DriverUse,
  niceValue: number,
  { late, dropped, intended } = NO_SENDS,
): WorstDriver {
  return { cores, loopLagP99Ms, lateShare: (late + dropped) / Math.max(1, intended), niceValue };
}

/** The largest value of each; null when there is none. */
export function worstOf(drivers: readonly MachineUse['driver'][]): MachineUse['driver'] {
  const seen = drivers.filter(driver => driver !== null);
  if (seen.length === 0) return null;
  const largest = (of: (driver: WorstDriver) => number) => Math.max(...seen.map(of));
  return {
    cores: largest(({ cores }) => cores),
    loopLagP99Ms: largest(({ loopLagP99Ms }) => loopLagP99Ms),
    lateShare: largest(({ lateShare }) => lateShare),
    niceValue: largest(({ niceValue }) => niceValue),
  };
}
