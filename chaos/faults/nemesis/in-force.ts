/**
 * Follows a fault from its injection to its heal: it is proven meanwhile, and each step is an event of the
 * run.
 */
import type { EventSink } from '../../../results/events.ts';
import type { Fault as FaultRow } from '../../../results/schema.ts';
import type { ActiveFault, BiteProof } from '../fault.ts';
import { type FaultSpan, placeOf } from './fault-span.ts';

export interface InForceOptions {
  readonly fault: string;
  /** Injects the fault; several faults count as one. */
  inject(): Promise<ActiveFault>;
  /** Its place in the run, as events and results name it. */
  readonly place: { readonly topology: string; readonly condition: string; readonly round: number };
  readonly events: EventSink;
  /** Names of links and members as reports show them. @default unchanged */
  shortNames?(links: readonly string[]): string[];
  /** Asked when `body` is over; false when everything is about to be stopped. @default the fault is healed */
  heals?(): boolean;
}

export interface WasInForce<T> {
  /** What `body` returned. */
  readonly value: T;
  readonly active: ActiveFault;
  readonly proof: BiteProof;
  readonly span: FaultSpan;
  /** For `result.json`. */
  readonly row: FaultRow;
}

/** How many links of a fault are named. A fault of a whole ensemble has dozens. */
const LINKS_NAMED_MAX = 8;

/** Takes the proof while `body` runs. The fault is always healed. */
export async function inForce<T>(
  { fault, inject, place, events, shortNames = links => [...links], heals = () => true }: InForceOptions,
  body: (active: ActiveFault) => Promise<T>,
): Promise<WasInForce<T>> {
  const active = await inject();
  const at = { ...place, fault };
  const links = fewNames(shortNames(active.links));
  let outcome: { value: T; proof: BiteProof; provenAt: number };
  try {
    events.emit({ kind: 'injected', ...at, links });
    const proving = proofOf(active).then(proof => {
      events.emit({ kind: 'bitten', ...at, bit: proof.bit, how: proof.how });
      return { proof, provenAt: Date.now() };
    });
    // Waits for both before the heal, even when one of them fails.
    const [value, proven] = await Promise.allSettled([body(active), proving]);
    if (value.status === 'rejected') throw value.reason;
    if (proven.status === 'rejected') throw proven.reason;
    outcome = { value: value.value, ...proven.value };
  } finally {
    if (heals()) {
      await active.heal();
      events.emit({ kind: 'healed', ...at });
    }
  }
  const { value, proof, provenAt } = outcome;
  const { bit, how, before, after } = proof;
  const span = {
    fault,
    links,
    on: placeOf(shortNames(active.links)),
    injectedAt: active.startedAt,
    bittenAt: bit ? provenAt : undefined,
    healedAt: Date.now(),
    proof: how,
  };
  const short = (readings: BiteProof['before']) => shortReadings(readings, shortNames);
  const row = { ...at, links, bit, before: short(before), after: short(after), how };
  return { value, active, proof, span, row };
}

/** A proof that throws counts as no bite. */
export function proofOf(active: ActiveFault): Promise<BiteProof> {
  return active.proveBite().catch((error: Error) => ({
    bit: false,
    before: {},
    after: {},
    how: `the proof itself failed: ${error.message}`,
  }));
}

function fewNames(names: readonly string[]): string[] {
  const more = names.length - LINKS_NAMED_MAX;
  return more > 0 ? [...names.slice(0, LINKS_NAMED_MAX), `and ${more} more`] : [...names];
}

function shortReadings(
  readings: BiteProof['before'],
  shortNames: (names: readonly string[]) => string[],
): BiteProof['before'] {
  const names = shortNames(Object.keys(readings));
  return Object.fromEntries(Object.values(readings).map((value, index) => [names[index]!, value]));
}
