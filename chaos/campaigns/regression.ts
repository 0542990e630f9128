/** A plan that failed as a schedule file, which `zklab chaos` runs. */
import { stringify } from 'yaml';
import type { CampaignFailure } from '../../results/campaign.ts';
import type { WrittenSchedule } from '../schedules/schedule.ts';

const REASONS_MAX = 3;

/**
 * @param found where the failure was found: "zklab chaos nightly --seed 7, run 3"
 * @param commit of the code that failed; undefined when it is unknown
 */
export function regressionText(
  schedule: WrittenSchedule,
  failure: Pick<CampaignFailure, 'reasons' | 'again' | 'shrunk' | 'isConfirmed' | 'command'>,
  { found, commit }: { readonly found: string; readonly commit: string | undefined },
): string {
  const comments = [
    `Found by ${found}${commit === undefined ? '' : `, at commit ${commit}`}.`,
    ...failure.reasons.slice(0, REASONS_MAX),
    rateText(failure),
    `Run it again: ${failure.command}`,
  ];
  return `${comments.map(line => `# ${line.replaceAll('\n', ' ')}\n`).join('')}${scheduleYaml(schedule)}`;
}

export function scheduleYaml({ steps, ...rest }: WrittenSchedule): string {
  // One line for each fault, as a person writes them.
  const lines = steps.map(step => `  - ${stringify(step, { collectionStyle: 'flow', lineWidth: 0 }).trim()}`);
  return `${stringify(rest, { lineWidth: 0 })}steps:\n${lines.join('\n')}\n`;
}

/** `The same plan failed 3 of 3 times when it was run again.` */
export function rateText({
  again,
  shrunk,
  isConfirmed,
}: Pick<CampaignFailure, 'again' | 'shrunk' | 'isConfirmed'>): string {
  if (again.tries === 0) return 'It was not run again.';
  if (!isConfirmed)
    return `It did not come again in ${again.tries} tries, so it comes in about 1 of ${again.tries + 1} runs.`;
  const first = `The plan failed ${again.failed} of ${again.tries} times when it was run again`;
  if (shrunk === undefined) return `${first}.`;
  const faults = `${shrunk.faults} of its ${shrunk.of} faults`;
  return `${first}; with ${faults} it failed ${shrunk.failed} of ${shrunk.tries} times.`;
}
