import type { Clock } from '../runtime.ts';
import type { LogFields, Logger } from './logger.ts';

/** Lines of one kind in one interval. */
export const LINES_MAX = 60;
export const LINES_INTERVAL_MS = 60_000;

type Level = 'info' | 'warn';

interface Interval {
  lines: number;
  leftOut: number;
}

/**
 * Limits lines that anybody who can dial a port can cause as often as they like: a number of each kind per
 * minute, then one line with the number left out. Otherwise a stranger could fill the disk of the log. What
 * an operator has to know (changes of role, syncs of voters, disks) is not limited.
 */
export class RatedLog {
  readonly #parts: { readonly logger: Logger; readonly clock: Clock };
  /** Intervals by kind. Kinds are names in the code, and the first line of a kind begins its interval. */
  readonly #intervals = new Map<string, Interval>();

  constructor(parts: { readonly logger: Logger; readonly clock: Clock }) {
    this.#parts = parts;
  }

  info(kind: string, message: string, fields?: LogFields): void {
    this.#line('info', kind, message, fields);
  }

  warn(kind: string, message: string, fields?: LogFields): void {
    this.#line('warn', kind, message, fields);
  }

  #line(level: Level, kind: string, message: string, fields?: LogFields): void {
    const interval = this.#intervalOf(level, kind);
    if (interval.lines++ < LINES_MAX) this.#parts.logger[level](message, fields);
    else interval.leftOut++;
  }

  #intervalOf(level: Level, kind: string): Interval {
    const begun = this.#intervals.get(kind);
    if (begun !== undefined) return begun;
    const interval = { lines: 0, leftOut: 0 };
    this.#intervals.set(kind, interval);
    this.#parts.clock.after(LINES_INTERVAL_MS, () => this.#end(level, kind, interval));
    return interval;
  }

  #end(level: Level, kind: string, { leftOut }: Interval): void {
    this.#intervals.delete(kind);
    if (leftOut === 0) return;
    this.#parts.logger[level](
      `${leftOut} more lines about ${kind} were left out; at most ${LINES_MAX} are written in ${LINES_INTERVAL_MS / 1000} s`,
      { linesLeftOut: leftOut },
    );
  }
}
