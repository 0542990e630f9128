/** What a reader must know before the verdicts: what is missing from this run, and why. */
import { machineText, whyBusy } from '../../results/busy-machine.ts';
import type { Result } from '../../results/schema.ts';

/** A run of a suite has dozens of places to measure, which one broken link can empty. */
const UNMEASURED_SHOWN_MAX = 6;

/** Full sentences, in the order of their weight. A machine that was left to the run is no warning. */
export function noticesOf(result: Result): string[] {
  const { interrupted, unmeasured = [] } = result.validity;
  const more = unmeasured.length - UNMEASURED_SHOWN_MAX;
  return [
    ...(interrupted === undefined
      ? []
      : [`Interrupted ${interrupted}: only these rounds are judged, and what is missing is not shown.`]),
    ...unmeasured.slice(0, UNMEASURED_SHOWN_MAX).map(each => `Asked for and not measured: ${each}.`),
    ...(more > 0 ? [`Asked for and not measured: ${more} more, which result.json names.`] : []),
    ...(whyBusy(result) === undefined ? [] : machineLine(result)),
  ];
}

/** What a reader may want to know, and what is no reason to worry. */
export function remarksOf(result: Result): string[] {
  return whyBusy(result) === undefined ? machineLine(result) : [];
}

/** Empty for a result that does not say. */
function machineLine({ machineUse }: Result): string[] {
  return machineUse === undefined ? [] : [`Machine: ${machineText(machineUse)}.`];
}
