/** The registry of link and process faults. Those of the simulation are in `simulation/faults/`. */
import { checked } from '../../bench/checked.ts';
import type { Origin } from '../../bench/origin.ts';
import { UsageError } from '../../bench/usage-error.ts';
import type { EnsembleShape } from '../mesh/draw-target.ts';
import { bandwidthKind } from './bandwidth.ts';
import { blackholeKind } from './blackhole.ts';
import { bridgeKind } from './bridge.ts';
import { clientStormKind } from './client-storm.ts';
import { clockDriftKind } from './clock-drift.ts';
import { clockJumpKind } from './clock-jump.ts';
import { clockOffsetKind } from './clock-offset.ts';
import { cpuStarvationKind } from './cpu-starvation.ts';
import { failingSyncKind } from './failing-sync.ts';
import type { Fault, FaultHost, FaultKind } from './fault.ts';
import { flappingKind } from './flapping.ts';
import { flippedByteKind } from './flipped-byte.ts';
import { fullDiskKind } from './full-disk.ts';
import { halvesKind } from './halves.ts';
import { hugeResponsesKind } from './huge-responses.ts';
import { isolateLeaderKind } from './isolate-leader.ts';
import { jitterKind } from './jitter.ts';
import { killKind } from './kill.ts';
import { latencyKind } from './latency.ts';
import { memoryPressureKind } from './memory-pressure.ts';
import { oneWayKind } from './one-way.ts';
import { outageKind } from './outage.ts';
import { packetDelayKind } from './packet-delay.ts';
import { packetDoubleKind } from './packet-double.ts';
import { packetDropKind } from './packet-drop.ts';
import { pauseKind } from './pause.ts';
import { quorumLossKind } from './quorum-loss.ts';
import { readOnlyDiskKind } from './read-only-disk.ts';
import { reconfigurationKind } from './reconfiguration.ts';
import { refuseKind } from './refuse.ts';
import { resetKind } from './reset.ts';
import { ringKind } from './ring.ts';
import { rollingRestartKind } from './rolling-restart.ts';
import { slicerKind } from './slicer.ts';
import { slowClientKind } from './slow-client.ts';
import { slowCloseKind } from './slow-close.ts';
import { slowSyncKind } from './slow-sync.ts';
import { swizzleKind } from './swizzle.ts';
import { timeoutKind } from './timeout.ts';
import { tornTailKind } from './torn-tail.ts';
import { watchStormKind } from './watch-storm.ts';
import { wipedDataKind } from './wiped-data.ts';

export const FAULTS: readonly FaultKind[] = [
  // Links that are slow.
  latencyKind,
  jitterKind,
  bandwidthKind,
  slicerKind,
  slowCloseKind,
  // Links that are cut.
  refuseKind,
  blackholeKind,
  oneWayKind,
  resetKind,
  timeoutKind,
  flappingKind,
  swizzleKind,
  // Partitions of all members.
  halvesKind,
  bridgeKind,
  ringKind,
  isolateLeaderKind,
  // Processes.
  killKind,
  pauseKind,
  outageKind,
  quorumLossKind,
  rollingRestartKind,
  cpuStarvationKind,
  memoryPressureKind,
  // Disks.
  slowSyncKind,
  failingSyncKind,
  fullDiskKind,
  readOnlyDiskKind,
  tornTailKind,
  flippedByteKind,
  wipedDataKind,
  // Clocks.
  clockJumpKind,
  clockOffsetKind,
  clockDriftKind,
  // Packets between members.
  packetDropKind,
  packetDelayKind,
  packetDoubleKind,
  // Members, and clients that misbehave.
  reconfigurationKind,
  slowClientKind,
  clientStormKind,
  watchStormKind,
  hugeResponsesKind,
];

/** A fault as a person writes it: its name, with its options beside it. */
export type WrittenFault = { readonly fault: string } & Readonly<Record<string, unknown>>;

/** @param origin names its keys in errors. @throws UsageError naming key, value and what is accepted */
export function readFault({ fault: name, ...options }: WrittenFault, origin: Origin): Fault {
  const kind = FAULTS.find(each => each.name === name);
  if (kind === undefined)
    throw new UsageError(
      `${origin.at('fault')}: "${name}"; accepted are ${FAULTS.map(each => each.name).join(', ')}`,
    );
  return kind.create(checked(kind.schema, options, origin));
}

/** Why this fault cannot be injected there; undefined when it can. */
export function refusalOf({ name }: Fault, host: FaultHost, shape: EnsembleShape): string | undefined {
  const kind = FAULTS.find(each => each.name === name);
  return kind?.available(host) ?? kind?.unfit?.(shape);
}

/** Whether an ensemble for these faults has to be started with the stand-in for Toxiproxy. */
export function wantStandIn(faults: readonly Pick<Fault, 'name'>[]): boolean {
  return FAULTS.some(kind => kind.wantsStandIn === true && faults.some(({ name }) => name === kind.name));
}
