/** An experiment measures what claims need, in interleaved rounds. It judges nothing. */
import type { z } from 'zod';
import type { MeasureOptions } from './measure-options.ts';
import type { Suite } from './suite.ts';

/** `Own`: what a suite says to this experiment alone. */
export interface Experiment<Own extends object = object> {
  /** The name of its rounds in progress and remarks. */
  readonly name: string;
  /** One line, for `zklab list`. */
  readonly description: string;
  /** Its own keys of a suite's file: the schema of suites is made of them. */
  readonly keys: { readonly [K in keyof Own]: z.ZodType<Own[K]> };
  /** What a schema cannot tell. @param origin names the suite in errors. @throws UsageError */
  check?(suite: Suite & Own, origin: string): void;
  /** With another number of rounds than the suite says. @default they are the suite's own */
  withRounds?(suite: Suite & Own, rounds: number): Partial<Own>;
  /** What it can measure, by the names that claims need; a suite may add conditions of its own. */
  provides(suite: Suite & Own): readonly string[];
  /** Of these, what the suite itself asks for, whether or not a claim needs it. @default nothing */
  asked?(suite: Suite & Own): readonly string[];
  /** The share of the time budget by which it must be done, because later experiments need the rest. */
  readonly share: number;
  /**
   * Called when a claim needs something that it provides. It measures no more than `options.needs` asks for.
   */
  run(options: MeasureOptions<Own>): Promise<void>;
}
