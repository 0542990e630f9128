/** When and where a fault was in force, on the wall clock. The bands of charts are drawn from it. */
import type { Band } from '../../../results/schema.ts';

export interface FaultSpan {
  readonly fault: string;
  readonly links: readonly string[];
  readonly on: string;
  /** These times are ms since 1970. */
  readonly injectedAt: number;
  /** When the proof was complete; undefined when the fault did not bite. */
  readonly bittenAt: number | undefined;
  /** When the last part of it was undone. */
  readonly healedAt: number;
  readonly proof: string;
}

/**
 * The bands of the fault on the clock of a load; none when nothing was injected. @param measuredFrom its 0 ms
 */
export function bandsOf(span: FaultSpan | undefined, measuredFrom: string): Band[] {
  return span === undefined ? [] : [bandOf(span, Date.parse(measuredFrom))];
}

/** @param zeroAt ms since 1970 of 0 ms on the clock of the band */
export function bandOf(span: FaultSpan, zeroAt: number): Band {
  const { fault, links, on, injectedAt, bittenAt, healedAt, proof } = span;
  return {
    fault,
    links: [...links],
    on,
    fromMs: injectedAt - zeroAt,
    ...(bittenAt !== undefined && { bittenMs: bittenAt - zeroAt }),
    toMs: healedAt - zeroAt,
    proof,
  };
}

const NAMES_SHOWN_MAX = 4;

/**
 * Describes a place such as `20 links of v1`. The members are chosen so that each link has one of them at an
 * end; the member with most links comes first. A name that is not `<from>.<to>.<kind>` is a member itself.
 */
export function placeOf(links: readonly string[]): string {
  const ends = links.map(link => link.split('.').slice(0, 2));
  if (ends.every(({ length }) => length === 1)) return listed(links);
  const chosen: string[] = [];
  let open = ends;
  while (open.length > 0) {
    const most = mostFrequent(open.flat());
    chosen.push(most);
    open = open.filter(pair => !pair.includes(most));
  }
  return `${links.length} link${links.length === 1 ? '' : 's'} of ${listed(chosen.sort())}`;
}

function mostFrequent(names: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].reduce((most, each) => (each[1] > most[1] ? each : most))[0];
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, NAMES_SHOWN_MAX).join(', ');
  return names.length > NAMES_SHOWN_MAX ? `${shown} and ${names.length - NAMES_SHOWN_MAX} more` : shown;
}
