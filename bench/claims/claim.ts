/** What a claim is. Its judge reads only a result, so that old runs can be judged again. */
import type { Estimate, Claim as JudgedClaim, Result, Verdict } from '../../results/schema.ts';
import type { Evidence } from './judging/evidence.ts';

export interface Judgement {
  readonly verdict: Verdict;
  /** One sentence with the number, its interval and its control. */
  readonly finding?: string;
  /** Why the verdict follows. It includes `finding`. */
  readonly reason: string;
  readonly estimate?: Estimate;
  /** How a timed claim was judged. */
  readonly rule?: JudgedClaim['rule'];
  /** Ids of measurements. */
  readonly evidence: readonly string[];
  /** Judgement by exact counts, which involve no clock. */
  readonly exact?: readonly JudgedClaim['exact'][number][];
  readonly warnings?: readonly string[];
  /** Set when counts decided a timed claim, which no busy machine can void. */
  readonly isCounted?: true;
}

/** The values that count as good, in the unit of the claim. An absent end is open. */
export interface Margin {
  readonly low?: number;
  readonly high?: number;
}

/** How a timed claim is judged. It belongs to the claim, so no verdict depends on what else was asked. */
export interface TimedRule {
  /** `ratio`: measured over control, judged by its logarithm. `difference`: measured minus control. */
  readonly scale: 'ratio' | 'difference';
  readonly margin: Margin;
  /** The probability of a wrong "holds", and likewise of a wrong "fails". @default LEVEL */
  readonly level?: number;
  /**
   * The values that a suite must be able to tell apart in four of five runs. A test refuses a suite whose
   * rounds cannot.
   */
  readonly tells: {
    /**
     * Standard deviation of one round on a quiet machine with two cores: of the logarithm of the ratio, or of
     * the difference in its unit.
     */
    readonly spread: number;
    /** A value that must come out as "holds". */
    readonly holds: number;
    /** A value that must come out as "fails". */
    readonly fails: number;
  };
}

/**
 * One run in a hundred may say "holds" of a claim whose true value is just beyond its margin, and one in a
 * hundred "fails" of one just within. Six rounds then bound the mean within 1.4 standard deviations of a
 * round, which is enough for the effects that the quick suite is about. At 5 % they would bound it within
 * 0.8, but of ten claims at their margins one would be wrong in two runs of five.
 */
export const LEVEL = 0.01;

export interface Claim {
  /** `004-2`: statement 2 of document 004, see server/docs/statements.md; `L1`: one of the lab's own. */
  readonly id: string;
  readonly title: string;
  readonly source: string;
  readonly hypothesis: string;
  readonly metric: string;
  readonly unit: string;
  readonly control: string;
  /**
   * Names of everything that must have been measured, as experiments (`chaos/experiments/index.ts`) or the
   * suite's own conditions provide it. `--only` measures nothing else.
   */
  readonly needs: readonly string[];
  /**
   * Why the present servers cannot fulfil the claim yet. While it fails, the report shows this, and the run
   * does not fail.
   */
  readonly knownFailure?: string;
  /** The servers that have this known failure. @default all */
  readonly knownFailureOf?: readonly Result['environment']['server']['implementation'][];
  /** Present if the claim is timed. */
  readonly rule?: TimedRule;
  judge(evidence: Evidence): Judgement;
}
