import type { z } from 'zod';
import type { SeededRandom } from '../../server/runtime/seeded-random.ts';
import type { EnsembleShape } from '../mesh/draw-target.ts';
import type { FaultContext } from './context.ts';

/** Named numbers and words as results/ keeps them. Units are in the names. */
export type Readings = Record<string, number | string | null>;

/** The proof: what was measured at the place of the fault, before and under it. */
export interface BiteProof {
  /** False voids the run, because an injection that changed nothing proves nothing. */
  readonly bit: boolean;
  readonly before: Readings;
  readonly after: Readings;
  /** How it was measured, and what would have counted as a bite. */
  readonly how: string;
}

export interface ActiveFault {
  /** Ms since 1970. */
  readonly startedAt: number;
  /** Names of the links that the fault is on; for a process fault, of the members. */
  readonly links: readonly string[];
  proveBite(): Promise<BiteProof>;
  /** Undoes all of it, and tries everything before it throws. A second call has no effect. */
  heal(): Promise<void>;
}

/** What the host of an ensemble allows faults to do. */
export interface FaultHost {
  /** Whether its links go through proxies. */
  readonly links: boolean;
  /** Whether its processes can be signalled. */
  readonly processes: boolean;
  /** What its members run: zklab, apache ... @default only zklab, if it has links */
  readonly implementations?: readonly string[];
}

/**
 * A kind of fault, as `index.ts` lists it. Its options are what a schedule, a suite or a command line may
 * give.
 */
export interface FaultKind<Options = unknown> {
  readonly name: string;
  /** One line, for `zklab list`. */
  readonly description: string;
  readonly schema: z.ZodType<Options>;
  /** The ensemble has to be started with the stand-in: Toxiproxy itself has no such toxic. @default false */
  readonly wantsStandIn?: boolean;
  /** Which members do not serve while it is in force. @default none: they go on, however slowly */
  readonly stops?: 'its targets' | 'one at a time' | 'most members';
  /** Why the fault cannot be injected there; undefined when it can. */
  available(host: FaultHost): string | undefined;
  /** Why no ensemble of this shape can have the fault, whatever its options. @default each can */
  unfit?(shape: EnsembleShape): string | undefined;
  create(options: Options): Fault;
  /**
   * For swarm testing. Called once for each run: it draws the ranges of that run (how slow, which targets)
   * and returns what draws the options of one fault from them, as a person would write them. Undefined: this
   * ensemble has nothing that the fault could hit.
   * @see Groce et al., Swarm Testing (2012)
   */
  draw?(random: SeededRandom, shape: EnsembleShape): DrawOptions | undefined;
}

/** Draws what the schema of the kind accepts, from the ranges of a run. */
export type DrawOptions = (random: SeededRandom) => object;

export function needsLinks({ links }: FaultHost): string | undefined {
  return links ? undefined : "no proxies: only zklab's and Apache's servers dial through them";
}

export function needsProcesses({ processes }: FaultHost): string | undefined {
  return processes ? undefined : 'the processes of its members cannot be signalled';
}

/** For faults that a server injects into itself. */
export function needsOurServer(host: FaultHost): string | undefined {
  const { links, implementations = links ? ['zklab'] : ['another'] } = host;
  const others = implementations.some(each => each !== 'zklab');
  return (
    needsProcesses(host) ?? (others ? "only zklab's server can break its own disk and clock" : undefined)
  );
}

/**
 * A kind of fault with its targets; each has one file in this folder. `Context` is what it needs of the
 * ensemble.
 */
export interface Fault<Context = FaultContext> {
  readonly name: string;
  readonly description: string;
  /** Resolves the targets now. An injection that throws has undone what it did so far. */
  inject(context: Context): Promise<ActiveFault>;
}
