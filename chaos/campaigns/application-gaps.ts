/** What applications saw in the runs of a campaign: the worst of each kind of client. */
import type { ApplicationGaps, CampaignRun } from '../../results/campaign.ts';
import { FALSE_LOSSES, LONGEST_GAP } from '../../results/names.ts';
import type { Result } from '../../results/schema.ts';
import { CLIENT_KINDS } from '../real-clients/client-kinds.ts';

/** Undefined when none of them ran. */
export function applicationGapsOf({
  measurements,
}: Pick<Result, 'measurements'>): readonly ApplicationGaps[] | undefined {
  const valuesOf = (metric: string, client: string) =>
    measurements
      .filter(each => each.metric === metric && each.condition.endsWith(`, ${client}`))
      .flatMap(({ samples }) => samples.map(({ value }) => value));
  const found = CLIENT_KINDS.flatMap(({ name }) => {
    const gaps = valuesOf(LONGEST_GAP, name);
    if (gaps.length === 0) return [];
    const falseLosses = valuesOf(FALSE_LOSSES, name).reduce((a, b) => a + b, 0);
    return [{ client: name, longestGapMs: Math.round(Math.max(...gaps)), falseLosses }];
  });
  return found.length === 0 ? undefined : found;
}

/** "applications: longest gap 1204 ms (kazoo, run 3), 1 session lost falsely"; undefined without them. */
export function applicationsText(
  runs: readonly Pick<CampaignRun, 'number' | 'applications'>[],
): string | undefined {
  const all = runs.flatMap(({ number, applications = [] }) =>
    applications.map(each => ({ ...each, number })),
  );
  const [worst] = [...all].sort((a, b) => b.longestGapMs - a.longestGapMs);
  if (worst === undefined) return undefined;
  const lost = all.reduce((sum, { falseLosses }) => sum + falseLosses, 0);
  const sessions = lost === 0 ? 'no session' : lost === 1 ? '1 session' : `${lost} sessions`;
  return `applications: longest gap ${worst.longestGapMs} ms (${worst.client}, run ${worst.number}), ${sessions} lost falsely`;
}
