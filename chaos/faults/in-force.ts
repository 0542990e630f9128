/** A fault from its injection to its healing: proven meanwhile, and each step an event of the run. */
import type { EventSink } from '../../results/events.ts';
import type { Fault as FaultRow } from '../../results/schema.ts';
import type { ActiveFault, BiteProof } from './fault.ts';
import { type FaultSpan, placeOf } from './fault-span.ts';

export interface InForceOptions {
  readonly fault: string;
  /** Gives the fault in force: one, or several as one. */
  inject(): Promise<ActiveFault>;
  /** In the run, as events and results name it. */
  readonly place: { readonly topology: string; readonly condition: string; readonly round: number };
  readonly events: EventSink;
  /** Links and members as reports name them. @default as they are */
  shortNames?(links: readonly string[]): string[];
  /** Asked when `body` is over: false where all is about to be taken down. @default it is healed */
  heals?(): boolean;
}

export interface WasInForce<T> {
  /** What `body` gave. */
  readonly value: T;
  readonly active: ActiveFault;
  readonly proof: BiteProof;
  readonly span: FaultSpan;
  /** For result.json. */
  readonly row: FaultRow;
}

/** Links named of a fault: one of a whole ensemble is on dozens. */
const LINKS_NAMED_MAX = 8;

/** The proof is taken while `body` runs. The fault is healed whatever happens. */
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
    // Both are waited for before the healing, also where one of them fails.
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
  const row = { ...at, links, bit, before: short(before), after: short(after) };
  return { value, active, proof, span, row };
}

/** A proof that fails has shown nothing. */
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
