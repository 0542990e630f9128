/** What a reader must know before the verdicts: what is missing from this run, and why. */
import { machineText } from '../../results/busy-machine.ts';
import type { Result } from '../../results/schema.ts';

/** A run of a suite has dozens of places to measure, which one broken link can empty. */
const UNMEASURED_SHOWN_MAX = 6;

/** Full sentences, in the order of their weight. */
export function noticesOf({ validity, machineUse }: Result): string[] {
  const { interrupted, unmeasured = [] } = validity;
  const more = unmeasured.length - UNMEASURED_SHOWN_MAX;
  return [
    ...(interrupted === undefined
      ? []
      : [`Interrupted ${interrupted}: only these rounds are judged, and what is missing is not shown.`]),
    ...unmeasured.slice(0, UNMEASURED_SHOWN_MAX).map(each => `Asked for and not measured: ${each}.`),
    ...(more > 0 ? [`Asked for and not measured: ${more} more, which result.json names.`] : []),
    ...(machineUse === undefined ? [] : [`Machine: ${machineText(machineUse)}.`]),
  ];
}
