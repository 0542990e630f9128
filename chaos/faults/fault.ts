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

/** A kind of harm with its targets: one file of this folder each. `Context` is what it needs of the ensemble. */
export interface Fault<Context = FaultContext> {
  readonly name: string;
  readonly description: string;
  /** Targets are resolved now. What an injection that throws had done so far, it has undone. */
  inject(context: Context): Promise<ActiveFault>;
}
