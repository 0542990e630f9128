/** The end of a campaign, for a person. */
import type { CampaignResult } from '../../results/campaign.ts';
import { applicationsText } from './application-gaps.ts';
import { rateText } from './regression.ts';

const VOID_SHOWN_MAX = 5;

export function campaignText(result: CampaignResult, folder: string): string {
  const { runs, failures, impossible, skipped = [], neverBit, endedEarly, seed, commandLine } = result;
  const of = (wanted: string) => runs.filter(({ outcome }) => outcome === wanted);
  const bitten = [...new Set(runs.flatMap(run => run.bitten))].sort();
  const [passed, failed, voids] = [of('passed'), of('failed'), of('void')];
  const applications = applicationsText(runs);
  return [
    `${runs.length} runs with seed ${seed}: ${passed.length} passed, ${failed.length} failed, ${voids.length} void`,
    `${bitten.length} kinds of fault bit: ${bitten.join(', ') || 'none'}`,
    ...(applications === undefined ? [] : [applications]),
    ...(neverBit.length > 0 ? [`never bit: ${neverBit.join(', ')}`] : []),
    ...skipped.map(({ what, why }) => `skipped ${what}: ${why}`),
    ...impossible.map(({ name, why }) => `not possible here: ${name}: ${why}`),
    ...failures.flatMap(failure => [
      `run ${failure.run} failed: ${failure.reasons[0] ?? failure.checkers.join(', ')}`,
      `  ${rateText(failure)}`,
      `  again: ${failure.command}`,
    ]),
    ...(failed.length > failures.length
      ? [`failed with the same checkers: runs ${failed.map(({ number }) => number).join(', ')}`]
      : []),
    ...voids
      .slice(0, VOID_SHOWN_MAX)
      .map(({ number, reasons }) => `run ${number} is void: ${reasons[0] ?? ''}`),
    ...(voids.length > VOID_SHOWN_MAX ? [`and ${voids.length - VOID_SHOWN_MAX} more are void`] : []),
    ...(endedEarly === undefined ? [] : [`ended early: ${endedEarly}`]),
    `the same runs again: ${commandLine}`,
    `runs: ${folder}`,
  ].join('\n');
}
