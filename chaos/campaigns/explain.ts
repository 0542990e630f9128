/** What a campaign would do: every run that it would draw, without starting anything. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Campaign } from '../schedules/campaign-schema.ts';
import { drawRun, impossibleKinds } from '../schedules/draw-run.ts';
import type { WrittenSchedule } from '../schedules/schedule.ts';
import { plannedMs, scheduleMs } from './plan-time.ts';
import { scheduleYaml } from './regression.ts';

export interface Explanation {
  readonly seed: number;
  readonly runs: readonly WrittenSchedule[];
  /** Kinds of fault that no run can have, and why. */
  readonly impossible?: readonly { readonly name: string; readonly why: string }[];
}

/** With a time, the runs that are planned to fit into it. */
export async function explained(
  campaign: Campaign,
  seed: number,
  forMs: number | undefined,
): Promise<Explanation> {
  const runs: WrittenSchedule[] = [];
  let leftMs = forMs ?? Number.POSITIVE_INFINITY;
  for (let number = 1; forMs !== undefined || number <= campaign.draw.runs; number++) {
    const run = drawRun(campaign, seed, number);
    leftMs -= plannedMs(run, []);
    if (leftMs < 0 && number > 1) break;
    runs.push(run);
    // Thousands of runs take a while, and Ctrl-C should end that.
    await nextTurn();
  }
  return { seed, runs, impossible: impossibleKinds(campaign) };
}

export function explanationText({ seed, runs, impossible = [] }: Explanation): string {
  const seconds = runs.reduce((sum, run) => sum + scheduleMs(run), 0) / 1_000;
  const head = [
    `# seed ${seed}: ${runs.length} run${runs.length === 1 ? '' : 's'}, ${Math.round(seconds)} s of calm and chaos`,
    ...impossible.map(({ name, why }) => `# without ${name}: ${why}`),
  ];
  return [...head, ...runs.map(scheduleYaml)].join('\n---\n').replace(/\n---\n(?=#)/g, '\n');
}
