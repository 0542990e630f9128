/**
 * The registry of the simulation's faults. The plan of a seed depends on their order and number, so a new
 * fault is added at the end.
 */
import { z } from 'zod';
import { addressLoss } from './address-loss.ts';
import { ambush } from './ambush.ts';
import { clockJump } from './clock-jump.ts';
import { crash } from './crash.ts';
import { crashLoop } from './crash-loop.ts';
import { groupLoss } from './group-loss.ts';
import { halfOpen } from './half-open.ts';
import { isolation } from './isolation.ts';
import { leaderHunt } from './leader-hunt.ts';
import { majorityLoss } from './majority-loss.ts';
import { oneWay } from './one-way.ts';
import { outage } from './outage.ts';
import { oversleep } from './oversleep.ts';
import { pairLoss } from './pair-loss.ts';
import { partition } from './partition.ts';
import { pause } from './pause.ts';
import { reconfigAmbush } from './reconfig-ambush.ts';
import { rolling } from './rolling.ts';
import { sickDisk } from './sick-disk.ts';
import type { DrawnFrom, FaultStage, SimulatedFault } from './simulated-fault.ts';
import { slowDisk } from './slow-disk.ts';
import { slowLink } from './slow-link.ts';
import { wipe } from './wipe.ts';

const ALL = [
  crash,
  crashLoop,
  sickDisk,
  wipe,
  leaderHunt,
  majorityLoss,
  oversleep,
  ambush,
  rolling,
  halfOpen,
  outage,
  pause,
  partition,
  oneWay,
  slowLink,
  slowDisk,
  clockJump,
  isolation,
  groupLoss,
  pairLoss,
  reconfigAmbush,
  addressLoss,
] as const;

type FaultIn<T> = T extends SimulatedFault<infer F> ? F : never;
export type Fault = FaultIn<(typeof ALL)[number]>;
export type FaultKind = Fault['kind'];
export type FaultOf<K extends FaultKind> = Extract<Fault, { kind: K }>;

export interface PlannedFault {
  /** Ms since the beginning of the chaos phase. */
  readonly atMs: number;
  readonly durationMs: number;
  readonly fault: Fault;
}

/** Each entry accepts only faults of its own kind, so faults are handled through the functions below. */
export const SIMULATED_FAULTS = ALL as unknown as readonly SimulatedFault<Fault>[];

const BY_KIND = new Map(SIMULATED_FAULTS.map(each => [each.kind, each]));

function of(kind: FaultKind): SimulatedFault<Fault> {
  return BY_KIND.get(kind) as SimulatedFault<Fault>;
}

/** A fault of any kind, as plan files contain it. */
export const faultSchema = z.discriminatedUnion(
  'kind',
  SIMULATED_FAULTS.map(({ schema }) => schema) as [z.ZodObject, ...z.ZodObject[]],
) as unknown as z.ZodType<Fault>;

export function drawFault(kind: FaultKind, from: DrawnFrom): Fault {
  return of(kind).draw(from);
}

/** The minimum duration of this fault. */
export function leastMs(fault: Fault): number {
  return of(fault.kind).leastMs?.(fault) ?? 0;
}

/** Returns what ends the fault, or undefined when there was nothing to break. */
export function beginFault(stage: FaultStage, fault: Fault): (() => void) | undefined {
  return of(fault.kind).begin(stage, fault);
}

export function describeFault({ kind, ...rest }: Fault): string {
  const details = Object.entries(rest).map(([key, value]) => `${key}=${String(value)}`);
  return [kind, ...details].join(' ');
}
