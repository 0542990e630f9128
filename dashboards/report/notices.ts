/** What a reader must know before the verdicts: what is missing from this run, and why. */
import { machineText, whyBusy } from '../../results/busy-machine.ts';
import type { Result } from '../../results/schema.ts';

/** One broken link can keep dozens of things from being measured. */
const UNMEASURED_SHOWN_MAX = 6;

/** Full sentences, the most important first. They warn of the machine only if it was busy. */
export function noticesOf(result: Result): string[] {
  const { interrupted, unmeasured = [] } = result.validity;
  const more = unmeasured.length - UNMEASURED_SHOWN_MAX;
  return [
    ...(interrupted === undefined
      ? []
      : [
          `Interrupted ${interrupted}: only these rounds are judged; the others are missing from this report.`,
        ]),
    ...unmeasured.slice(0, UNMEASURED_SHOWN_MAX).map(each => `Asked for and not measured: ${each}.`),
    ...(more > 0 ? [`Asked for and not measured: ${more} more, which result.json names.`] : []),
    ...(whyBusy(result) === undefined ? [] : machineLine(result)),
  ];
}

/** Facts that a reader may want to know and need not worry about. */
export function remarksOf(result: Result): string[] {
  return whyBusy(result) === undefined ? machineLine(result) : [];
}

/** Empty for a result that does not say. */
function machineLine({ machineUse }: Result): string[] {
  return machineUse === undefined ? [] : [`Machine: ${machineText(machineUse)}.`];
}
