export interface UntilOptions {
  readonly deadlineMs: number;
  /** What is awaited, as it should read after "waited 5000 ms for". */
  readonly what: string;
  readonly intervalMs?: number;
}

/** What `if (value)` lets through. */
type Truthy<T> = Exclude<T, false | null | undefined | 0 | ''>;

/**
 * Polls `condition` until it gives something truthy, and gives that. A throw counts as "not yet": what is
 * awaited is often a server that refuses connections so far; the last one is the cause of the error.
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
