import { waitMs } from '../wait.ts';
import type { FaultContext } from './context.ts';
import type { ActiveFault, BiteProof, Fault } from './fault.ts';

/** One fault of a schedule; those whose times overlap are in force together. */
export interface Step {
  readonly fault: Fault;
  /** Since the start of the nemesis. */
  readonly atMs: number;
  /** From its injection to its healing; the proof of its bite falls into this time. */
  readonly forMs: number;
}

export type Phase = 'injected' | 'bit' | 'did not bite' | 'healed' | 'failed';

export interface NemesisEvent {
  /** Ms since 1970. */
  readonly time: number;
  readonly fault: string;
  readonly phase: Phase;
  readonly links: readonly string[];
  readonly proof?: BiteProof;
  /** Of `failed`: an injection, a proof or a healing that threw. */
  readonly error?: string;
}

export interface NemesisReport {
  readonly events: readonly NemesisEvent[];
  /** Why what was measured under these faults is void; empty when every fault bit. */
  readonly voidReasons: readonly string[];
}

export interface NemesisOptions {
  /** Ends the schedule early: what is in force is healed, the rest is not injected. */
  readonly signal?: AbortSignal;
  /** Told each event as it happens. */
  readonly onEvent?: (event: NemesisEvent) => void;
}

/**
 * Runs a schedule of faults. Each is healed whatever happens, a proof that throws or an abort included.
 * @throws AggregateError when a fault could not be healed: the ensemble is then not as it was found
 */
export async function runNemesis(
  steps: readonly Step[],
  context: FaultContext,
  { signal, onEvent }: NemesisOptions = {},
): Promise<NemesisReport> {
  const events: NemesisEvent[] = [];
  const record: Record = (fault, phase, links, more = {}) => {
    const event = { time: Date.now(), fault: fault.name, phase, links, ...more };
    events.push(event);
    onEvent?.(event);
  };
  const results = await Promise.allSettled(steps.map(step => runStep(step, context, record, signal)));
  const errors = results.flatMap(result => (result.status === 'rejected' ? [result.reason] : []));
  if (errors.length > 0) {
    const words = errors.map(error => (error as Error).message).join('; ');
    throw new AggregateError(errors, `the nemesis left the ensemble broken: ${words}`);
  }
  return { events, voidReasons: events.flatMap(voidReason) };
}

type Record = (
  fault: Fault,
  phase: Phase,
  links: readonly string[],
  more?: Pick<NemesisEvent, 'proof' | 'error'>,
) => void;

async function runStep(
  { fault, atMs, forMs }: Step,
  context: FaultContext,
  record: Record,
  signal: AbortSignal | undefined,
): Promise<void> {
  await waitMs(atMs, signal);
  if (signal?.aborted) return;
  let active: ActiveFault;
  try {
    active = await fault.inject(context);
  } catch (error) {
    record(fault, 'failed', [], { error: (error as Error).message });
    return;
  }
  const { links } = active;
  try {
    record(fault, 'injected', links);
    const over = waitMs(forMs, signal);
    await prove(fault, active, record);
    await over;
  } finally {
    await heal(fault, active, record);
  }
}

async function prove(fault: Fault, active: ActiveFault, record: Record): Promise<void> {
  try {
    const proof = await active.proveBite();
    record(fault, proof.bit ? 'bit' : 'did not bite', active.links, { proof });
  } catch (error) {
    record(fault, 'failed', active.links, { error: (error as Error).message });
  }
}

async function heal(fault: Fault, active: ActiveFault, record: Record): Promise<void> {
  try {
    await active.heal();
    record(fault, 'healed', active.links);
  } catch (error) {
    record(fault, 'failed', active.links, { error: (error as Error).message });
    throw error;
  }
}

function voidReason({ fault, phase, links, proof, error }: NemesisEvent): string[] {
  const where = links.length === 0 ? '' : ` on ${links.join(', ')}`;
  if (phase === 'failed') return [`${fault}${where}: ${error}`];
  if (phase === 'did not bite') return [`${fault}${where} did not bite: ${proof?.how}`];
  return [];
}
