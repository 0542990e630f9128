/** The outcome of each probe of one member, and sums over them. It uses no clock and no sockets. */

/** In order of severity. `stale` and `slow` probes were served; the last three outcomes were not. */
const readOutcomes = ['ok', 'slow', 'stale', 'error', 'refused', 'timeout'] as const;
export type ReadOutcome = (typeof readOutcomes)[number];

export const isServed: Record<ReadOutcome, boolean> = {
  ok: true,
  slow: true,
  stale: true,
  error: false,
  refused: false,
  timeout: false,
};

export interface MemberAvailability {
  name: string;
  role: string;
  intervalMs: number;
  probes: number;
  outcomes: Record<ReadOutcome, number>;
  /** Share of served probes, 0 to 1; undefined without probes. */
  served: number | undefined;
  /** One letter per probe in time order: o ok, l slow, s stale, e error, r refused, t timeout. */
  timeline: string;
}

const LETTERS: Record<ReadOutcome, string> = {
  ok: 'o',
  slow: 'l',
  stale: 's',
  error: 'e',
  refused: 'r',
  timeout: 't',
};

/** Ten hours at 20 ms. */
const TICKS_MAX = 1_800_000;

export class AvailabilityTrack {
  readonly #name: string;
  readonly #role: string;
  readonly #intervalMs: number;
  readonly #timeoutMs: number;
  /** Outcomes by tick; undefined while the probe of the tick waits. */
  readonly #outcomes: (ReadOutcome | undefined)[] = [];

  constructor(name: string, role: string, intervalMs: number, timeoutMs: number) {
    this.#name = name;
    this.#role = role;
    this.#intervalMs = intervalMs;
    this.#timeoutMs = timeoutMs;
  }

  /** @throws RangeError after ten hours at the default interval */
  begin(tick: number): void {
    if (tick >= TICKS_MAX)
      throw new RangeError(`availability of ${this.#name}: at most ${TICKS_MAX} probes are kept`);
    while (this.#outcomes.length <= tick) this.#outcomes.push(undefined);
  }

  /** The first outcome of a tick counts, except answers after the timeout, which never count. */
  settle(tick: number, outcome: ReadOutcome, tookMs = 0): void {
    this.#outcomes[tick] ??= tookMs > this.#timeoutMs ? 'timeout' : outcome;
  }

  /**
   * @param elapsedMs ticks that still wait, and are younger than the slowest accepted answer, are left out
   */
  finish(elapsedMs: number): MemberAvailability {
    const settled: ReadOutcome[] = [];
    for (const [tick, outcome] of this.#outcomes.entries()) {
      if (outcome === undefined && elapsedMs - tick * this.#intervalMs < this.#timeoutMs) continue;
      settled.push(outcome ?? 'timeout');
    }
    const outcomes = Object.fromEntries(readOutcomes.map(name => [name, 0])) as Record<ReadOutcome, number>;
    for (const outcome of settled) outcomes[outcome]++;
    const served = settled.filter(outcome => isServed[outcome]).length;
    return {
      name: this.#name,
      role: this.#role,
      intervalMs: this.#intervalMs,
      probes: settled.length,
      outcomes,
      served: settled.length === 0 ? undefined : served / settled.length,
      timeline: settled.map(outcome => LETTERS[outcome]).join(''),
    };
  }
}
