/** The common form of claims that exact counts show: one round is enough, and no interval is needed. */
import type { Claim, Judgement } from '../claim.ts';
import { type Evidence, type Series, unfit } from './evidence.ts';

export interface Counted {
  /** In words, for the reason when it was not counted. */
  readonly what: string;
  readonly series: Series | undefined;
  /** Keys of exactCounts that are read. */
  readonly keys: readonly string[];
}

export interface Finding {
  readonly holds: boolean;
  readonly reason: string;
  readonly value: number;
  readonly n?: number;
}

export interface ExactComparison {
  /** What a run without a topology for the claim lacks, in words. @default topologies that could show it */
  readonly lacking?: string;
  counted(evidence: Evidence): readonly Counted[];
  /** Called once all counts exist, in the order of `counted`. */
  find(counts: readonly Readonly<Record<string, number>>[], evidence: Evidence): Finding;
}

/**
 * The finding that decides a claim about several topologies: the first that breaks it, otherwise the last,
 * which has the most members.
 */
export function worstOf(findings: readonly Finding[]): Finding {
  return findings.find(({ holds }) => !holds) ?? findings.at(-1)!;
}

export function exactClaim(
  text: Omit<Claim, 'judge'>,
  { counted, find, lacking = 'topologies that could show it' }: ExactComparison,
): Claim {
  return {
    ...text,
    judge(evidence): Judgement {
      const all = counted(evidence);
      if (all.length === 0)
        return {
          verdict: 'not shown here',
          reason: `This run has no ${lacking}.`,
          evidence: [],
        };
      const cannot = unfit(all.map(({ what, series }) => [what, series]));
      if (cannot !== undefined) return cannot;
      const ids = all.map(({ series }) => series!.id);
      const uncounted = all.filter(({ series, keys }) => keys.some(key => series!.counts[key] === undefined));
      if (uncounted.length > 0) {
        const reason = `The servers did not count ${uncounted[0]!.keys.join(', ')} in ${uncounted[0]!.what}.`;
        return { verdict: 'not shown here', reason, evidence: ids };
      }
      const { holds, reason, value, n } = find(
        all.map(({ series }) => series!.counts),
        evidence,
      );
      return {
        verdict: holds ? 'holds' : 'fails',
        reason,
        estimate: { value, low: null, high: null, n: n ?? all[0]!.series!.values.length, unit: text.unit },
        evidence: ids,
        exact: all.flatMap(({ what, series, keys }) =>
          keys.map(key => ({ name: `${key}, ${what}`, value: series!.counts[key]!, unit: '' })),
        ),
      };
    },
  };
}
