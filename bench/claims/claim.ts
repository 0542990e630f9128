/** What a claim is. Its judge reads a result and nothing else, so that old runs can be judged again. */
import type { Estimate, Claim as JudgedClaim, Verdict } from '../../results/schema.ts';
import type { Evidence } from './evidence.ts';

/** p-values of the claim and of its opposite; those of all claims of a run are corrected together (Holm). */
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
  /** The channel without a clock. */
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
   * What must have been measured, by the names that experiments provide (`chaos/experiments/index.ts`) or
   * that a suite gives to conditions of its own: `--only` measures no more than that.
   */
  readonly needs: readonly string[];
  /** Why the servers there are cannot make it hold yet: while it fails, that is shown and fails no run. */
  readonly knownFailure?: string;
  /** Of a claim on the timed channel; undefined where there is nothing to test. */
  tests?(evidence: Evidence): Tests | undefined;
  /** @param corrected `tests` of this claim after the correction; undefined when it has none */
  judge(evidence: Evidence, corrected: Tests | undefined): Judgement;
}

/** Chance of even one wrong "holds" among all timed claims of a run; the same again for "fails". */
export const ALPHA = 0.05;
