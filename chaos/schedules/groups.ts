/** Parts of a schedule between which no fault is in force. */
import type { Step } from '../faults/nemesis/nemesis.ts';

export interface Group<S = Step> {
  /** When the first fault of the group is due, in ms on the clock of the schedule. */
  readonly fromMs: number;
  readonly steps: readonly S[];
}

/** Faults that overlap, directly or through others, are in one group. The groups are in order. */
export function groupsOf<S extends Pick<Step, 'atMs' | 'forMs'>>(steps: readonly S[]): Group<S>[] {
  const groups: { fromMs: number; steps: S[] }[] = [];
  let endMs = Number.NEGATIVE_INFINITY;
  for (const step of [...steps].sort((a, b) => a.atMs - b.atMs)) {
    if (step.atMs < endMs) groups.at(-1)!.steps.push(step);
    else groups.push({ fromMs: step.atMs, steps: [step] });
    endMs = Math.max(endMs, step.atMs + step.forMs);
  }
  return groups;
}
