/** The registry of link and process faults. Those of the simulation are in `simulation/faults/`. */
import { checked } from '../../bench/checked.ts';
import type { Origin } from '../../bench/origin.ts';
import { UsageError } from '../../bench/usage-error.ts';
import { bandwidthKind } from './bandwidth.ts';
import { blackholeKind } from './blackhole.ts';
import { bridgeKind } from './bridge.ts';
import type { Fault, FaultHost, FaultKind } from './fault.ts';
import { flappingKind } from './flapping.ts';
import { halvesKind } from './halves.ts';
import { isolateLeaderKind } from './isolate-leader.ts';
import { jitterKind } from './jitter.ts';
import { killKind } from './kill.ts';
import { latencyKind } from './latency.ts';
import { oneWayKind } from './one-way.ts';
import { pauseKind } from './pause.ts';
import { refuseKind } from './refuse.ts';
import { resetKind } from './reset.ts';
import { ringKind } from './ring.ts';
import { slicerKind } from './slicer.ts';
import { slowCloseKind } from './slow-close.ts';
import { swizzleKind } from './swizzle.ts';
import { timeoutKind } from './timeout.ts';

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
export function refusalOf({ name }: Fault, host: FaultHost): string | undefined {
  return FAULTS.find(kind => kind.name === name)?.available(host);
}
