/** What became of each probe of one member, and what that amounts to. No clock and no sockets in here. */

/** In order of severity. `stale` and `slow` were served; the last three were not. */
export const readOutcomes = ['ok', 'slow', 'stale', 'error', 'refused', 'timeout'] as const;
export type ReadOutcome = (typeof readOutcomes)[number];

export const isServed: Record<ReadOutcome, boolean> = {
  ok: true,
  slow: true,
  stale: true,
  error: false,
  refused: false,
  timeout: false,
};

/** A stretch without one served read. */
export interface Downtime {
  fromMs: number;
  /** When the first served probe after it was due; the end of the run when there was none. */
  untilMs: number;
  /** What the probes in it met, by number. */
  outcomes: Partial<Record<ReadOutcome, number>>;
}

export interface MemberAvailability {
  name: string;
  role: string;
  intervalMs: number;
  probes: number;
  outcomes: Record<ReadOutcome, number>;
  /** Served of all, 0 to 1; undefined without probes. */
  served: number | undefined;
  /** Served in time and not stale, 0 to 1. */
  ok: number | undefined;
  downtimes: Downtime[];
  longestDowntimeMs: number;
  /** One letter per probe in time order: o ok, l slow, s stale, e error, r refused, t timeout. */
  timeline: string;
  disconnects: Record<string, number>;
  readOnlyConnections: number;
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
  /** By tick; undefined while it waits. */
  readonly #outcomes: (ReadOutcome | undefined)[] = [];
  readonly #disconnects: Record<string, number> = {};
  #readOnlyConnections = 0;

  constructor(name: string, role: string, intervalMs: number, timeoutMs: number) {
    this.#name = name;
    this.#role = role;
    this.#intervalMs = intervalMs;
    this.#timeoutMs = timeoutMs;
  }

  /** @throws RangeError after ten hours at the default cadence */
  begin(tick: number): void {
    if (tick >= TICKS_MAX)
      throw new RangeError(`availability of ${this.#name}: at most ${TICKS_MAX} probes are kept`);
    while (this.#outcomes.length <= tick) this.#outcomes.push(undefined);
  }

  /** The first outcome of a tick stands, but for answers after the timeout, which never count. */
  settle(tick: number, outcome: ReadOutcome, tookMs = 0): void {
    this.#outcomes[tick] ??= tookMs > this.#timeoutMs ? 'timeout' : outcome;
  }

  connected(readOnly: boolean): void {
    if (readOnly) this.#readOnlyConnections++;
  }

  disconnected(code: string): void {
    this.#disconnects[code] = (this.#disconnects[code] ?? 0) + 1;
  }

  /** @param elapsedMs ticks younger than the slowest accepted answer, and still waiting, are left out */
  finish(elapsedMs: number): MemberAvailability {
    const settled: ReadOutcome[] = [];
    for (const [tick, outcome] of this.#outcomes.entries()) {
      if (outcome === undefined && elapsedMs - tick * this.#intervalMs < this.#timeoutMs) continue;
      settled.push(outcome ?? 'timeout');
    }
    const outcomes = Object.fromEntries(readOutcomes.map(name => [name, 0])) as Record<ReadOutcome, number>;
    for (const outcome of settled) outcomes[outcome]++;
    const downtimes = downtimesOf(settled, this.#intervalMs);
    const share = (count: number) => (settled.length === 0 ? undefined : count / settled.length);
    return {
      name: this.#name,
      role: this.#role,
      intervalMs: this.#intervalMs,
      probes: settled.length,
      outcomes,
      served: share(settled.filter(outcome => isServed[outcome]).length),
      ok: share(outcomes.ok),
      downtimes,
      longestDowntimeMs: Math.max(0, ...downtimes.map(({ fromMs, untilMs }) => untilMs - fromMs)),
      timeline: settled.map(outcome => LETTERS[outcome]).join(''),
      disconnects: this.#disconnects,
      readOnlyConnections: this.#readOnlyConnections,
    };
  }
}

/** Runs of probes that were not served. */
export function downtimesOf(outcomes: readonly ReadOutcome[], intervalMs: number): Downtime[] {
  const spans: Downtime[] = [];
  let open: Downtime | undefined;
  outcomes.forEach((outcome, tick) => {
    if (isServed[outcome]) {
      open = undefined;
      return;
    }
    if (open === undefined) {
      open = { fromMs: tick * intervalMs, untilMs: 0, outcomes: {} };
      spans.push(open);
    }
    open.untilMs = (tick + 1) * intervalMs;
    open.outcomes[outcome] = (open.outcomes[outcome] ?? 0) + 1;
  });
  return spans;
}

export interface RoleAvailability {
  role: string;
  members: number;
  probes: number;
  served: number | undefined;
  ok: number | undefined;
  longestDowntimeMs: number;
}

/** All members of a role in one, each probe weighing the same. */
export function availabilityByRole(members: readonly MemberAvailability[]): RoleAvailability[] {
  const roles = [...new Set(members.map(({ role }) => role))];
  return roles.map(role => {
    const of = members.filter(member => member.role === role);
    const probes = of.reduce((sum, member) => sum + member.probes, 0);
    const share = (pick: (member: MemberAvailability) => number | undefined) =>
      probes === 0
        ? undefined
        : of.reduce((sum, member) => sum + (pick(member) ?? 0) * member.probes, 0) / probes;
    return {
      role,
      members: of.length,
      probes,
      served: share(member => member.served),
      ok: share(member => member.ok),
      longestDowntimeMs: Math.max(0, ...of.map(member => member.longestDowntimeMs)),
    };
  });
}
