/** What an experiment is: it measures what claims need, in interleaved rounds, and judges nothing. */
import type { MeasureOptions } from './measure-options.ts';
import type { Suite } from './suite.ts';

export interface Experiment {
  /** As progress and remarks name its rounds. */
  readonly name: string;
  /** In a line, for whoever asks what there is. */
  readonly description: string;
  /** What it can measure, by the names that claims need; a suite may add conditions of its own. */
  provides(suite: Suite): readonly string[];
  /** Of the time budget, by which it must be done: what follows needs the rest. */
  readonly share: number;
  /**
   * Called when a claim needs something that it provides. It measures no more than `options.needs` asks for.
   */
  run(options: MeasureOptions): Promise<void>;
}
