import type { Clock, Timer } from '../../runtime/runtime.ts';

export interface StartLimitsOptions {
  readonly initLimitMs: number;
  /** When negative, the wait for the epoch has no limit of its own. */
  readonly maxTimeToWaitForEpochMs: number;
  readonly hasEpoch: () => boolean;
  onLimit(reason: string): void;
}

/**
 * How long a leader may take until it serves. A large snapshot may need all of initLimit for the second of
 * its waits. The first one only needs answers, so an ensemble can bound that more tightly.
 *
 * @see Leader.getEpochToPropose
 */
export class StartLimits {
  readonly #timers: readonly Timer[];

  constructor(clock: Clock, options: StartLimitsOptions) {
    const { initLimitMs, maxTimeToWaitForEpochMs: epochLimitMs } = options;
    const start = clock.after(initLimitMs, () =>
      options.onLimit(`no quorum of learners synced within ${initLimitMs} ms (initLimit)`),
    );
    this.#timers = epochLimitMs < 0 ? [start] : [start, this.#limitEpoch(clock, options)];
  }

  #limitEpoch(clock: Clock, { maxTimeToWaitForEpochMs: limitMs, ...options }: StartLimitsOptions): Timer {
    const key = 'leader.maxTimeToWaitForEpoch';
    return clock.after(limitMs, () => {
      if (options.hasEpoch()) return;
      options.onLimit(`no quorum reported its accepted epochs within ${limitMs} ms (${key})`);
    });
  }

  cancel(): void {
    for (const timer of this.#timers) timer.cancel();
  }
}
