export interface UntilOptions {
  readonly deadlineMs: number;
  /** What is awaited, worded to follow "waited 5000 ms for". */
  readonly what: string;
  readonly intervalMs?: number;
}

/** The values that `if (value)` lets through. */
type Truthy<T> = Exclude<T, false | null | undefined | 0 | ''>;

/**
 * Polls `condition` until it returns something truthy, and returns that. A throw counts as "not yet",
 * because the awaited server often still refuses connections. The last throw is the cause of the error.
 */
export async function until<T>(condition: () => T | Promise<T>, options: UntilOptions): Promise<Truthy<T>> {
  const giveUpAt = performance.now() + options.deadlineMs;
  for (;;) {
    let thrown: unknown;
    try {
      const value = await condition();
      if (value) return value as Truthy<T>;
    } catch (error) {
      thrown = error;
    }
    if (performance.now() >= giveUpAt) {
      const last = thrown instanceof Error ? `; the last attempt threw: ${thrown.message}` : '';
      throw new Error(`waited ${options.deadlineMs} ms for ${options.what}${last}`, { cause: thrown });
    }
    await new Promise(resume => setTimeout(resume, options.intervalMs ?? 10));
  }
}
