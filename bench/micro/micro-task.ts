/** One operation to time. */
export interface MicroTask {
  /** For example "jute: write a Stat". */
  name: string;
  /**
   * Operations in one call of `run`. A call shorter than some microseconds is below the resolution of the
   * timer, and half of the result would be the measuring itself, so such tasks do a thousand operations per
   * call.
   */
  operations: number;
  /** Returns something that depends on the work, or an optimiser may remove the work. */
  run: (() => number) | (() => Promise<number>);
  /** Whether `run` returns a promise. It is declared, because finding out would run it once. */
  async?: boolean;
  close?: () => void;
}
