/** How the measuring of a run ends: complete, interrupted, or early for a reason that makes it void. */
import type { EventSink } from '../../results/events.ts';
import type { MachineUse, Result } from '../../results/schema.ts';
import { EnsembleError } from '../topology/ensemble-error.ts';
import { UsageError } from '../usage-error.ts';
import type { Interleaving } from './interleaving.ts';

export interface Measuring {
  readonly plan: Interleaving;
  readonly events: EventSink;
  readonly signal: AbortSignal;
  measure(): Promise<void>;
  /** Ends the loads that run, at the first Ctrl-C. */
  abortLoads(): void;
  /** Stops everything that was started, however the measuring ended. */
  takeDown(): Promise<MachineUse>;
}

export interface MeasuringEnd {
  readonly machineUse: MachineUse;
  /** Why the run is void. */
  readonly reasons: readonly string[];
  /** What was complete when it was interrupted, in words. */
  readonly interrupted: string | undefined;
}

/**
 * Once the first round is complete, no failure loses what was measured.
 * @throws UsageError, EnsembleError, or the signal's reason before that
 */
export async function measureToTheEnd(measuring: Measuring): Promise<MeasuringEnd> {
  const { plan, events, signal, measure, abortLoads, takeDown } = measuring;
  const reasons: string[] = [];
  let interrupted: string | undefined;
  let machineUse: MachineUse;
  const onAbort = () => {
    const text = 'interrupted: everything is being stopped; a second Ctrl-C ends at once, without a result';
    events.emit({ kind: 'note', text });
    abortLoads();
  };
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await measure();
  } catch (error) {
    if (signal.aborted) {
      interrupted = plan.done;
      if (interrupted === undefined) throw error;
    } else if (error instanceof UsageError || (error instanceof EnsembleError && plan.done === undefined)) {
      throw error;
    } else {
      // What was measured before is kept, for whoever looks for the cause.
      reasons.push((error as Error).message.split('\n')[0]!);
      events.emit({ kind: 'note', text: `measuring ended early: ${(error as Error).stack}` });
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    events.emit({ kind: 'phase', what: 'taking everything down' });
    machineUse = await takeDown();
  }
  return { machineUse, reasons, interrupted };
}

/** @param unmeasured what should have been measured and was not, one sentence each */
export function validityOf(
  { reasons, interrupted }: MeasuringEnd,
  unmeasured: readonly string[],
): Result['validity'] {
  return {
    void: reasons.length > 0,
    reasons: [...reasons],
    ...(interrupted !== undefined && { interrupted: `after ${interrupted}` }),
    ...(unmeasured.length > 0 && { unmeasured: [...unmeasured] }),
  };
}
