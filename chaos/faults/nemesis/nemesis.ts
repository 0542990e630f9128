import { setMaxListeners } from 'node:events';
import { type EventSink, NO_EVENTS } from '../../../results/events.ts';
import { waitMs } from '../../wait.ts';
import type { FaultContext } from '../context.ts';
import type { Fault } from '../fault.ts';
import { inForce, type WasInForce } from './in-force.ts';
import { type UntilEvent, watchFor } from './until.ts';

/** One fault of a schedule. Faults whose times overlap are in force together. */
export interface Step {
  readonly fault: Fault;
  /** Ms since the start of the nemesis. */
  readonly atMs: number;
  /** From injection to heal. The proof is taken within this time. With `until`, at most this. */
  readonly forMs: number;
  /** Heals the fault as soon as this has come. */
  readonly until?: UntilEvent | undefined;
}

export interface NemesisReport {
  /** One for each step whose fault was injected, in the order of the steps. */
  readonly outcomes: readonly WasInForce<void>[];
  /** Why the measurements under these faults are void; empty when every fault bit. */
  readonly voidReasons: readonly string[];
}

export interface NemesisOptions {
  /** Name of the topology in events. */
  readonly topology?: string;
  /** Receives every event of the run. */
  readonly events?: EventSink;
  /** When the nemesis starts, on the clock of the steps. @default 0 */
  readonly fromMs?: number;
  /** The place of these steps among those of the whole run. @default they are all */
  readonly rounds?: { readonly first: number; readonly of: number };
  /** Ends the schedule early: the faults in force are healed, and no more are injected. */
  readonly signal?: AbortSignal;
}

/**
 * Runs a schedule of faults. Each is always healed, even after an abort or a proof that throws.
 * @throws AggregateError when a fault could not be healed: the ensemble is then not as it was found
 */
export async function runNemesis(
  steps: readonly Step[],
  context: FaultContext,
  options: NemesisOptions = {},
): Promise<NemesisReport> {
  // Every step waits for it.
  if (options.signal !== undefined) setMaxListeners(0, options.signal);
  const { first, of } = options.rounds ?? { first: 0, of: steps.length };
  const results = await Promise.allSettled(
    steps.map((step, at) => runStep(step, { round: first + at, of }, context, options)),
  );
  const errors = results.flatMap(result => (result.status === 'rejected' ? [result.reason] : []));
  if (errors.length > 0) {
    const words = errors.map(error => (error as Error).message).join('; ');
    throw new AggregateError(errors, `the nemesis left the ensemble broken: ${words}`);
  }
  const ended = results.flatMap(result => (result.status === 'fulfilled' ? (result.value ?? []) : []));
  return {
    outcomes: ended.filter(each => typeof each !== 'string'),
    voidReasons: ended.flatMap(each => (typeof each === 'string' ? [each] : toothless(each))),
  };
}

/** The name of a step in events and results: the condition under which its fault is in force. */
function conditionOf({ fault, atMs }: Step): string {
  return `${fault.name} at ${atMs / 1000} s`;
}

/** Undefined when the schedule ended first. A string says why the fault could not be injected. */
async function runStep(
  step: Step,
  { round, of }: { readonly round: number; readonly of: number },
  context: FaultContext,
  { topology = 'ensemble', events = NO_EVENTS, fromMs = 0, signal }: NemesisOptions,
): Promise<WasInForce<void> | string | undefined> {
  const { fault, atMs, forMs, until } = step;
  await waitMs(atMs - fromMs, signal);
  if (signal?.aborted) return undefined;
  events.emit({ kind: 'turn', what: 'fault', topology, condition: conditionOf(step), round, of });
  const watch = until && (await watchFor(until, context.members));
  const lasts = async () => {
    if (watch === undefined) return waitMs(forMs, signal);
    const tookMs = await watch.comes(forMs, signal);
    const came = tookMs === undefined ? `did not come within ${forMs} ms` : `came after ${tookMs} ms`;
    events.emit({ kind: 'note', text: `${conditionOf(step)}: ${until} ${came}` });
  };
  let refusal: Error | undefined;
  const inject = () =>
    fault.inject(context).catch((error: Error) => {
      refusal = error;
      throw error;
    });
  try {
    const place = { topology, condition: conditionOf(step), round };
    return await inForce({ fault: fault.name, inject, place, events }, lasts);
  } catch (error) {
    if (refusal === undefined) throw error;
    const text = `${fault.name} could not be injected: ${refusal.message}`;
    events.emit({ kind: 'note', text });
    return text;
  }
}

function toothless({ row, proof }: WasInForce<void>): string[] {
  return row.bit ? [] : [`${row.fault} on ${row.links.join(', ')} did not bite: ${proof.how}`];
}
