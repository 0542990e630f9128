/** The writes of a history over time, with the faults on its clock, in the form of `result.json`. */
import { timelineOf } from '../../bench/load/load-timeline.ts';
import { bucketMsFor, TimelineRecorder } from '../../bench/measure/timeline.ts';
import { LOADS } from '../../results/names.ts';
import type { Timeline } from '../../results/schema.ts';
import { type HistoryEvent, isWrite, operationsOf, outcomeOf } from '../checkers/history.ts';
import { bandOf, type FaultSpan } from '../faults/nemesis/fault-span.ts';

export interface TimelinePlace {
  readonly topology: string;
  readonly condition: string;
  /** Ms since 1970 of 0 ms in the history. */
  readonly startedAt: number;
}

/**
 * Undefined when nothing was written. A write with an unknown outcome counts as failed.
 * @param histories of the chapters of a run
 * @param lastMs of their last event
 */
export async function timelineOfHistory(
  histories: AsyncIterable<readonly HistoryEvent[]>,
  lastMs: number,
  spans: readonly FaultSpan[],
  { topology, condition, startedAt }: TimelinePlace,
): Promise<Timeline | undefined> {
  const recorder = new TimelineRecorder(0, bucketMsFor(lastMs));
  for await (const history of histories)
    for (const operation of operationsOf(history)) {
      const { invoke, completion } = operation;
      if (!isWrite(invoke.f)) continue;
      const endedMs = completion?.timeMs ?? lastMs;
      if (outcomeOf(operation) === 'info') recorder.error(endedMs);
      // A refusal, such as NODEEXISTS, is an answer.
      else recorder.ok(endedMs, (endedMs - invoke.timeMs) * 1_000);
    }
  const bands = spans.map(span => bandOf(span, startedAt));
  return timelineOf(
    { topology, condition, round: 0, load: LOADS.outage, what: 'writes' },
    {
      timeline: recorder.toTimeline(lastMs),
      measuredFrom: new Date(startedAt).toISOString(),
      spec: { mode: { kind: 'closed', depth: 1 } },
    },
    bands,
    [],
  );
}
