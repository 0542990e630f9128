/** An experiment measures what claims need, in interleaved rounds. It judges nothing. */
import type { z } from 'zod';
import type { Origin } from '../../bench/origin.ts';
import type { Topology } from '../../bench/topology/topology.ts';
import type { ServerKind } from './lab.ts';
import type { MeasureOptions } from './measure-options.ts';
import type { Suite } from './suite.ts';

export interface OwnTopologies {
  /** As `Suite.topologies`. */
  readonly texts: Readonly<Record<string, string>>;
  /** The server of the topology with this name. @default that of the run */
  readonly serverOf?: (name: string) => ServerKind;
  /** CPU of each member, in cores, where the machine can limit it. @default no limit */
  readonly budget?: number | undefined;
  /** Whether observers have proxies on their links, if servers of the run can have any. @default false */
  readonly observersAreProxied?: boolean;
}

/** What an experiment would run on. */
export interface Planned {
  /** Those of the suite. */
  readonly topologies: readonly Topology[];
  /** Those that it starts itself. */
  readonly own: readonly Topology[];
  readonly needs: ReadonlySet<string>;
}

/** `Own`: the keys of a suite that belong to this experiment alone. */
export interface Experiment<Own extends object = object> {
  /** Used in progress messages and remarks about its rounds. */
  readonly name: string;
  /** One line, for `zklab list`. */
  readonly description: string;
  /** Its own keys in a suite file. The schema of suites is built from them. */
  readonly keys: { readonly [K in keyof Own]: z.ZodType<Own[K]> };
  /** Checks what the schema cannot. @param origin names keys in errors. @throws UsageError */
  check?(suite: Suite & Own, origin: Origin): void;
  /** Its keys with another number of rounds. @default the keys of the suite */
  withRounds?(suite: Suite & Own, rounds: number): Partial<Own>;
  /** The names of everything it can measure, as claims need them; a suite may add conditions of its own. */
  provides(suite: Suite & Own): readonly string[];
  /** The part of this that the suite measures whether or not a claim needs it. @default nothing */
  asked?(suite: Suite & Own): readonly string[];
  /**
   * Topologies besides those of the suite, which it starts and ends itself, with direct links between voters.
   * In the suite they stand at `topologies` of the key with its name.
   */
  ownTopologies?(suite: Suite & Own): OwnTopologies;
  /** The share of the time budget by whose end it must be done, because later experiments need the rest. */
  readonly share: number;
  /**
   * About how long it takes, for `--explain`: its ensembles, loads, faults and heals.
   */
  expectedMs?(suite: Suite & Own, planned: Planned): number;
  /** Called when a claim needs something that it provides. It measures only what `options.needs` names. */
  run(options: MeasureOptions<Own>): Promise<void>;
}
