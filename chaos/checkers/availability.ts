/** For how long clients got no answer, by the role of the servers that they were connected to. */
import { LONGEST_GAP } from '../../results/names.ts';
import type { Checker } from './checker.ts';
import { type HistoryEvent, isWrite } from './history.ts';
import { judge } from './judgement.ts';

/** Says how long each role was unavailable; that is a measurement, and by itself no failure. */
export const availability: Checker<'history' | 'roles'> = {
  name: 'availability',
  description: 'never fails; measures for how long the servers of each role answered no read and no write',
  needs: ['history', 'roles'],
  isOptional: true,
  check({ history, roles }) {
    const found = availabilityOf(history, server => roles[server]);
    const answers = found.reduce((sum, each) => sum + each.answers, 0);
    const measured = found.map(({ kind, role, longestGapMs }) => {
      return { metric: LONGEST_GAP, of: `${kind} at ${role}`, value: longestGapMs };
    });
    return { ...judge(availability.name, answers, []), notes: found.map(availabilityText), measured };
  },
};

export interface Availability {
  readonly role: string;
  readonly kind: 'reads' | 'writes';
  readonly answers: number;
  /** The time from the first answer of any role to the last. */
  readonly windowMs: number;
  readonly longestGapMs: number;
  /** The sum of the gaps that are longer than `gapMinMs`. */
  readonly unavailableMs: number;
}

/** A shorter gap is the pace of the load. */
const GAP_MIN_MS = 500;

/**
 * A gap is a time in which no server of the role answered any client. It counts from the begin of the
 * history to its end, so a role that never answers has one gap. An `info` is no answer; a refusal is one.
 *
 * @param roleOf the role of a server by its address; undefined for one that is of no interest
 */
export function availabilityOf(
  history: readonly HistoryEvent[],
  roleOf: (server: string) => string | undefined,
  gapMinMs = GAP_MIN_MS,
): Availability[] {
  const answered = new Map<string, { role: string; kind: Availability['kind']; timesMs: number[] }>();
  let [fromMs, untilMs] = [Number.POSITIVE_INFINITY, 0];
  for (const { type, f, server, timeMs } of history) {
    if (type === 'invoke' || server === undefined || type === 'info') continue;
    fromMs = Math.min(fromMs, timeMs);
    untilMs = Math.max(untilMs, timeMs);
    const role = roleOf(server);
    if (role === undefined) continue;
    const kind = isWrite(f) ? 'writes' : 'reads';
    const key = `${role} ${kind}`;
    const known = answered.get(key) ?? { role, kind, timesMs: [] };
    answered.set(key, known);
    known.timesMs.push(timeMs);
  }
  return [...answered.values()].map(({ role, kind, timesMs }) => {
    const edges = [fromMs, ...timesMs, untilMs];
    const gaps = edges.slice(1).map((timeMs, at) => timeMs - (edges[at] ?? timeMs));
    return {
      ...{ role, kind, answers: timesMs.length, windowMs: untilMs - fromMs },
      longestGapMs: gaps.reduce((a, b) => Math.max(a, b), 0),
      unavailableMs: gaps.filter(gap => gap > gapMinMs).reduce((a, b) => a + b, 0),
    };
  });
}

/** "writes at leader: 1,204 answers, longest gap 812 ms, 812 ms of 30,000 ms without" */
function availabilityText({
  role,
  kind,
  answers,
  longestGapMs,
  unavailableMs,
  windowMs,
}: Availability): string {
  const ms = (value: number) => `${Math.round(value)} ms`;
  return `${kind} at ${role}: ${answers} answers, longest gap ${ms(longestGapMs)}; ${ms(unavailableMs)} of ${ms(windowMs)} in gaps above ${ms(GAP_MIN_MS)}`;
}
