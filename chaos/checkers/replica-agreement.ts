import type { Checker } from './checker.ts';
import { type Judgement, judge } from './judgement.ts';
import type { MemberSample } from './run-record.ts';

export const replicaAgreement: Checker<'samples'> = {
  name: 'replica agreement',
  description: 'the first transaction after which two members differ; two leaders of one epoch',
  needs: ['samples'],
  check: ({ samples }) => checkReplicaAgreement(samples),
};

/**
 * Checks that members which have applied the same transactions hold the same tree, and that an epoch has one
 * leader. It looks at the whole run, so it finds the transaction at which two members diverged, which the
 * final trees no longer show.
 *
 * A leader cut off from its quorum may go on believing that it leads for a while, but not in another leader's
 * epoch.
 */
export function checkReplicaAgreement(samples: readonly MemberSample[]): Judgement {
  const reasons: string[] = [];
  const firstAt = new Map<number, MemberSample>();
  const leaderOf = new Map<number, string>();
  /** Every later difference follows from the first, so only the first is reported. */
  const parted = new Set<string>();
  let compared = 0;
  for (const sample of samples) {
    const first = firstAt.get(sample.zxid);
    if (first === undefined) firstAt.set(sample.zxid, sample);
    else compared++;
    if (first !== undefined && first.digest !== sample.digest && !parted.has(sample.member)) {
      parted.add(sample.member);
      reasons.push(parting(first, sample));
    }
    if (!sample.leading) continue;
    const leader = leaderOf.get(sample.epoch);
    leaderOf.set(sample.epoch, leader ?? sample.member);
    if (leader !== undefined && leader !== sample.member) {
      reasons.push(`${sample.member} and ${leader} both led epoch ${sample.epoch}`);
    }
  }
  return judge('replica agreement', compared, [...new Set(reasons)]);
}

function parting(a: MemberSample, b: MemberSample): string {
  return `at zxid ${a.zxid} ${a.member} had ${a.digest} at ${a.timeMs} ms, but ${b.member} had ${b.digest} at ${b.timeMs} ms`;
}
