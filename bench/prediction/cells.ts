/** The ensembles that costs are measured on, and the loads. Small ones fit the model; larger ones test it. */
import type { ClientPlace } from './expected-work.ts';

export interface Cell {
  readonly name: string;
  /** As `readTopology` takes it. */
  readonly topology: string;
  readonly clients: ClientPlace;
  /** Observers without a tree, in processes of their own, beside the observers of the topology. */
  readonly sinks: number;
  readonly isHeldOut: boolean;
}

const cell = (topology: string, sinks: number, isHeldOut: boolean): Cell => ({
  name: sinks === 0 ? topology : `${topology} and ${sinks} sinks`,
  topology,
  clients: 'voters',
  sinks,
  isHeldOut,
});
const fitted = (topology: string, sinks = 0) => cell(topology, sinks, false);
const heldOut = (topology: string, sinks = 0) => cell(topology, sinks, true);
const withClientsAt = (clients: ClientPlace, topology: string): Cell => ({
  ...fitted(topology),
  name: `${topology}, clients at the ${clients}`,
  clients,
});

/**
 * The same ensemble stands for several cells where only the clients are elsewhere. Small and large ensembles
 * alternate, so that a machine that becomes slower does so for both.
 */
export const CELLS: readonly Cell[] = [
  fitted('voters=1'),
  heldOut('voters=7'),
  fitted('voters=3'),
  withClientsAt('leader', 'voters=3'),
  heldOut('voters=3 observers=8'),
  fitted('voters=5'),
  heldOut('voters=3 observers=8 masters=on'),
  fitted('voters=3 observers=2'),
  withClientsAt('observers', 'voters=3 observers=2'),
  // Twenty sinks tell flushes from turns, which grow together where a member has few connections.
  fitted('voters=3 observers=1', 20),
  heldOut('voters=3 observers=1', 100),
  fitted('voters=3 observers=4'),
  heldOut('voters=9'),
  fitted('voters=3 observers=2 masters=on'),
];

export interface PacedLoad {
  readonly ratePerSecond: number;
  readonly valueBytes: number;
}

/** Three rates, since what shares a flush or an fsync depends on it, and large values to tell bytes apart. */
export const LOADS: readonly PacedLoad[] = [
  { ratePerSecond: 250, valueBytes: 100 },
  { ratePerSecond: 1_000, valueBytes: 100 },
  { ratePerSecond: 4_000, valueBytes: 100 },
  { ratePerSecond: 1_000, valueBytes: 2_000 },
];

/** Above this rate, nine members would wait for the cores of a small machine, and so would their batches. */
const HELD_OUT_RATE_MAX = 1_000;

export function loadsOf({ isHeldOut }: Cell): readonly PacedLoad[] {
  return LOADS.filter(({ ratePerSecond }) => !isHeldOut || ratePerSecond <= HELD_OUT_RATE_MAX);
}

export function loadText({ ratePerSecond, valueBytes }: PacedLoad): string {
  return `${ratePerSecond} writes/s of ${valueBytes} bytes`;
}
