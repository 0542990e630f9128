import type { Sync } from '../results/schema.ts';

/** The stages of a learner's return. Each is named for what its mark waited for. */
export const STAGES = [
  { mark: 'electedMs', title: 'election' },
  { mark: 'connectedMs', title: 'connection' },
  { mark: 'syncModeChosenMs', title: 'DIFF or SNAP chosen' },
  { mark: 'syncReceivedMs', title: 'transfer' },
  { mark: 'upToDateMs', title: 'UPTODATE' },
  { mark: 'servingMs', title: 'first read served' },
] as const;

export interface SyncStage {
  readonly title: string;
  readonly fromMs: number;
  readonly toMs: number;
}

/** Stages from the existing marks. A missing one is counted into the next, never guessed. */
export function stagesOf(marks: Sync['marks']): SyncStage[] {
  const stages: SyncStage[] = [];
  let fromMs = 0;
  for (const { mark, title } of STAGES) {
    const toMs = marks[mark];
    if (toMs === undefined || toMs < fromMs) continue;
    stages.push({ title, fromMs, toMs });
    fromMs = toMs;
  }
  return stages;
}
