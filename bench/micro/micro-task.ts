/** One thing that is timed. */
export interface MicroTask {
  /** "jute: write a Stat" */
  name: string;
  /**
   * Operations of one call of `run`. A single one of less than some microseconds is below the grain of the
   * timer, and half of what is measured would be the measuring: such tasks do a thousand per call.
   */
  operations: number;
  /** Returns something that depends on the work, or an optimiser may drop it. */
  run: (() => number) | (() => Promise<number>);
  /** `run` returns a promise; stated, because finding out would run it once. */
  async?: boolean;
  close?: () => void;
}
