/** What every measurement of a run uses. */

import type { Recorder } from '../../bench/measure/recorder.ts';
import type { Cells } from '../../bench/rounds/cells.ts';
import type { Interleaving } from '../../bench/rounds/interleaving.ts';
import type { EventSink } from '../../results/events.ts';
import type { Lab } from './lab.ts';
import { PROBED_PATH, type WriteLoad } from './measurements/throughput.ts';
import type { MeasurementContext } from './measurements/under-fault.ts';
import type { Stage } from './stage.ts';
import type { Suite } from './suite.ts';

/** The CPU that one observer of a stage used when it was last measured, in cores. */
export type ObserverCores = Map<Stage, number>;

/** `Own`: the keys of the suite that belong to one experiment. */
export interface MeasureOptions<Own = unknown> {
  readonly lab: Lab;
  readonly suite: Suite & Own;
  readonly seed: number;
  readonly needs: ReadonlySet<string>;
  readonly plan: Interleaving;
  readonly cells: Cells;
  readonly recorder: Recorder;
  readonly events: EventSink;
  readonly signal: AbortSignal;
  readonly observerCores: ObserverCores;
}

export function contextOf(
  { recorder, suite, events, signal }: MeasureOptions,
  stage: Stage,
  condition: string,
  round: number,
): MeasurementContext {
  return {
    stage,
    condition,
    round,
    recorder,
    recoverMaxMs: suite.recoverMaxMs,
    path: PROBED_PATH,
    events,
    signal,
  };
}

export function writeLoadOf({
  lab,
  suite,
  seed,
  signal,
}: Pick<MeasureOptions, 'lab' | 'suite' | 'seed' | 'signal'>): WriteLoad {
  return { driver: lab.driver, readDriver: lab.readDriver, load: suite.load, seed, signal };
}
