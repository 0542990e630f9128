/** What a reader must know before the verdicts: what is missing from this run, and why. */
import { machineText, whyBusy } from '../../results/busy-machine.ts';
import type { Result } from '../../results/schema.ts';

/** One broken link can keep dozens of things from being measured, or void dozens of rounds. */
const SHOWN_MAX = 6;

/** Full sentences, the most important first. They warn of the machine only if it was busy. */
export function noticesOf(result: Result): string[] {
  const { interrupted, unmeasured = [], reasons } = result.validity;
  const busy = whyBusy(result);
  return [
    ...(interrupted === undefined
      ? []
      : [
          `Interrupted ${interrupted}: only these rounds are judged; the others are missing from this report.`,
        ]),
    ...listed('Void as well', result.validity.void ? reasons.slice(1) : []),
    ...listed('Asked for and not measured', unmeasured),
    ...(busy === undefined ? [] : [`Times of this run say little about the servers: ${busy}.`]),
  ];
}

/** A sentence for each, up to a number. */
function listed(what: string, texts: readonly string[]): string[] {
  const more = texts.length - SHOWN_MAX;
  return [
    ...texts.slice(0, SHOWN_MAX).map(each => `${what}: ${each}.`),
    ...(more > 0 ? [`${what}: ${more} more, which result.json names.`] : []),
  ];
}

/** Facts that a reader may want to know and need not worry about. */
export function remarksOf({ machineUse }: Result): string[] {
  return machineUse === undefined ? [] : [`Machine: ${machineText(machineUse)}.`];
}
