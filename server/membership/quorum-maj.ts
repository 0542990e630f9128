import type { Membership, QuorumVerifier } from './quorum-verifier.ts';

/** More than half of the voters. @see QuorumMaj */
export class QuorumMaj implements QuorumVerifier {
  readonly version: number;
  readonly text: string;
  readonly voters: ReadonlySet<number>;
  readonly observers: ReadonlySet<number>;

  constructor(membership: Membership) {
    this.version = membership.version;
    this.text = membership.text;
    this.voters = new Set(membership.voters);
    this.observers = new Set(membership.observers);
  }

  isVoter(sid: number): boolean {
    return this.voters.has(sid);
  }

  weightOf(sid: number): number {
    return this.voters.has(sid) ? 1 : 0;
  }

  containsQuorum(sids: ReadonlySet<number>): boolean {
    let present = 0;
    for (const sid of sids) if (this.voters.has(sid)) present++;
    return present * 2 > this.voters.size;
  }
}
