import type { VALIDITIES } from '../../results/schema.ts';
import { DOUBTFUL_FIRST } from '../../results/verdicts.ts';

/** `unknown`: nothing contradicts, but too little was seen to say more. */
export type Validity = (typeof VALIDITIES)[number];

export interface Judgement {
  readonly checker: string;
  readonly valid: Validity;
  /** Why not valid: one sentence each, naming operations by their number. At most `REASONS_MAX`. */
  readonly reasons: readonly string[];
  /** How many things were compared: a valid judgement over nothing is an unknown one. */
  readonly checked: number;
}

/** A broken server breaks everything, so only the first reasons are kept. */
const REASONS_MAX = 20;

export function judge(checker: string, checked: number, reasons: readonly string[]): Judgement {
  const valid = reasons.length > 0 ? 'invalid' : checked === 0 ? 'unknown' : 'valid';
  const shown = reasons.slice(0, REASONS_MAX);
  if (valid === 'unknown') shown.push('nothing to check');
  return { checker, valid, reasons: shown, checked };
}

/** The worst of all judgements; `unknown` if there are none. */
export function worst(judgements: readonly Judgement[]): Validity {
  return DOUBTFUL_FIRST.find(validity => judgements.some(j => j.valid === validity)) ?? 'unknown';
}

/** Joins judgements of one kind. */
export function together(checker: string, judgements: readonly Judgement[]): Judgement {
  const reasons = judgements.flatMap(({ valid, reasons }) => (valid === 'invalid' ? reasons : []));
  return judge(
    checker,
    judgements.reduce((sum, { checked }) => sum + checked, 0),
    reasons,
  );
}
