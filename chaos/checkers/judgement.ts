import type { Counterexample, VALIDITIES } from '../../results/schema.ts';
import { DOUBTFUL_FIRST } from '../../results/verdicts.ts';

/** `unknown`: nothing contradicts the guarantee, but too little was seen to call it valid. */
export type Validity = (typeof VALIDITIES)[number];

export interface Judgement {
  readonly checker: string;
  readonly valid: Validity;
  /**
   * Why the judgement is not valid: one sentence each, naming operations by number. At most `REASONS_MAX`.
   */
  readonly reasons: readonly string[];
  /** How many things were compared. A judgement that compared nothing is `unknown`. */
  readonly checked: number;
  /** What it measured on the way, one sentence each. */
  readonly notes?: string[];
  /** The same in numbers, for the measurements of the result. */
  readonly measured?: readonly Measured[];
  /** Few operations that show the first thing that is wrong, for a drawing. */
  readonly counterexample?: Counterexample;
}

/** One value that a checker measured. */
export interface Measured {
  /** A name of `results/names.ts`. */
  readonly metric: string;
  /** What it is a value of, such as "reads at observer" or "kazoo". */
  readonly of: string;
  readonly value: number;
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

/** Combines several judgements of one checker into one. */
export function together(checker: string, judgements: readonly Judgement[]): Judgement {
  const reasons = judgements.flatMap(({ valid, reasons }) => (valid === 'invalid' ? reasons : []));
  return judge(
    checker,
    judgements.reduce((sum, { checked }) => sum + checked, 0),
    reasons,
  );
}
