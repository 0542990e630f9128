import type { z } from 'zod';
import type { FaultContext } from './context.ts';

/** Named numbers and words, as results/ keeps them: units in the names. */
export type Readings = Record<string, number | string | null>;

/** What was measured where the fault is, before it and under it. */
export interface BiteProof {
  /** False voids the run: an injection that changed nothing proves nothing. */
  readonly bit: boolean;
  readonly before: Readings;
  readonly after: Readings;
  /** How it was measured, and what would have been a bite. */
  readonly how: string;
}

export interface ActiveFault {
  /** Ms since 1970. */
  readonly startedAt: number;
  /** Names of the links it is on; for a fault of processes, of the members. */
  readonly links: readonly string[];
  proveBite(): Promise<BiteProof>;
  /** Undoes all of it, trying everything before it throws. A second call does nothing more. */
  heal(): Promise<void>;
}

/** What the place of an ensemble lets faults do. */
export interface FaultHost {
  /** Its links go through proxies. */
  readonly links: boolean;
  /** Its processes can be signalled. */
  readonly processes: boolean;
}

/**
 * A kind of harm, as `index.ts` lists it: its options are what a schedule, a suite and a command line may
 * say.
 */
export interface FaultKind<Options = unknown> {
  readonly name: string;
  /** One line, for `zklab list`. */
  readonly description: string;
  readonly schema: z.ZodType<Options>;
  /** Why it cannot be injected there; undefined where it can. */
  available(host: FaultHost): string | undefined;
  create(options: Options): Fault;
}

export function needsLinks({ links }: FaultHost): string | undefined {
  return links ? undefined : "no proxies: only zklab's server dials through them";
}

export function needsProcesses({ processes }: FaultHost): string | undefined {
  return processes ? undefined : 'the processes of its members cannot be signalled';
}

/**
 * A kind of harm with its targets: one file of this folder each. `Context` is what it needs of the ensemble.
 */
export interface Fault<Context = FaultContext> {
  readonly name: string;
  readonly description: string;
  /** Targets are resolved now. What an injection that throws had done so far, it has undone. */
  inject(context: Context): Promise<ActiveFault>;
}
