import type { Sync } from '../results/schema.ts';

/** The stages of a learner's way back, each named for what was waited for until its mark. */
export const STAGES = [
  { mark: 'electedMs', title: 'election' },
  { mark: 'connectedMs', title: 'connection' },
  { mark: 'syncModeChosenMs', title: 'DIFF or SNAP chosen' },
  { mark: 'syncReceivedMs', title: 'transfer' },
  { mark: 'upToDateMs', title: 'UPTODATE' },
  { mark: 'servingMs', title: 'first read served' },
] as const;

export interface Stage {
  readonly title: string;
  readonly fromMs: number;
  readonly toMs: number;
}

/** Stages from the marks there are; one that is missing is counted into the next, never guessed. */
export function stagesOf(marks: Sync['marks']): Stage[] {
  const stages: Stage[] = [];
  let fromMs = 0;
  for (const { mark, title } of STAGES) {
    const toMs = marks[mark];
    if (toMs === undefined || toMs < fromMs) continue;
    stages.push({ title, fromMs, toMs });
    fromMs = toMs;
  }
  return stages;
}
