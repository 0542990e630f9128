/** What a claim is. Its judge reads only a result, so that old runs can be judged again. */
import type { Estimate, Claim as JudgedClaim, Verdict } from '../../results/schema.ts';
import type { Evidence } from './evidence.ts';

/**
 * p-values of the claim and of its opposite. Holm's method corrects those of all claims of a run together.
 */
export interface Tests {
  /** Small when the data show that the claim holds. */
  readonly holds: number;
  /** Small when the data show that it fails. */
  readonly fails: number;
}

export interface Judgement {
  readonly verdict: Verdict;
  /** One sentence. */
  readonly reason: string;
  readonly estimate?: Estimate;
  /** Ids of measurements. */
  readonly evidence: readonly string[];
  /** Judgement by exact counts, which involve no clock. */
  readonly exact?: JudgedClaim['exact'];
  readonly warnings?: readonly string[];
}

export interface Claim {
  /** `004-2`: statement 2 of document 004, see bench/README.md; `L1`: one of the lab's own. */
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
  /** Tests of a claim on the timed channel; undefined when there is nothing to test. */
  tests?(evidence: Evidence): Tests | undefined;
  /** @param corrected `tests` of this claim after the correction; undefined when it has none */
  judge(evidence: Evidence, corrected: Tests | undefined): Judgement;
}

/**
 * Limit for the probability of even one wrong "holds" among all timed claims of a run, and likewise of one
 * wrong "fails".
 */
export const ALPHA = 0.05;
