/** How long a run will take: its plan, and what starting, convergence and judging took before. */
import type { CampaignRun } from '../../results/campaign.ts';
import { lastsMs, type WrittenSchedule } from '../schedules/schedule.ts';

/** Before a run has been seen. */
const OVERHEAD_MS = 15_000;

export function scheduleMs({ calmMs = 0, steps }: Pick<WrittenSchedule, 'calmMs' | 'steps'>): number {
  return calmMs + Math.max(0, ...steps.map(step => step.atMs + lastsMs(step)));
}

/** At least as long as the mean of the runs so far, because the plans of a campaign resemble each other. */
export function plannedMs(schedule: WrittenSchedule, runs: readonly Pick<CampaignRun, 'seconds'>[]): number {
  const mean = runs.reduce((sum, { seconds }) => sum + seconds * 1_000, 0) / Math.max(1, runs.length);
  return Math.max(mean, scheduleMs(schedule) + OVERHEAD_MS);
}
