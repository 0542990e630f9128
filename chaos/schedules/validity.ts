/** Whether a run counts, and what is missing from it. */
import type { Result } from '../../results/schema.ts';
import type { Judgement } from '../checkers/judgement.ts';
import type { ChaosReport } from './chaos-phase.ts';
import type { Schedule } from './schedule.ts';

export interface Doubts {
  /** Why the run shows nothing about the server. */
  readonly broken: readonly string[];
  /** Members, or a Toxiproxy, that ended by themselves and so ended the chaos. */
  readonly ended: readonly string[];
  /** What else is missing. */
  readonly missing: readonly string[];
}

/**
 * Faults that did not bite void a run, unless some may hide others and one of them bit. A wrong history stays
 * wrong whatever bit: then they are only named.
 */
export function validityOf(
  { steps, bites }: Pick<Schedule, 'steps' | 'bites'>,
  { outcomes, voidReasons, unhealed, unsettled }: ChaosReport,
  judgements: readonly Judgement[],
  { broken, ended, missing }: Doubts,
): Result['validity'] {
  const isWrong = judgements.some(({ valid }) => valid === 'invalid');
  const isEnough = bites === 'any' && outcomes.some(({ row }) => row.bit);
  const toothless = isEnough ? [] : voidReasons;
  const left = `${steps.length - outcomes.length} of ${steps.length} faults were not injected`;
  const early = [
    ...(ended.length > 0 ? [`the phase of chaos is void: ${ended.join('; ')}; ${left}`] : []),
    ...(unsettled !== undefined ? [`between two faults, ${unsettled}; ${left}`] : []),
  ];
  const reasons = [...broken, ...(unhealed === undefined ? [] : [unhealed]), ...(isWrong ? [] : toothless)];
  const unmeasured = [...early, ...missing, ...(isWrong ? toothless : [])];
  return { void: reasons.length > 0, reasons, ...(unmeasured.length > 0 && { unmeasured }) };
}
