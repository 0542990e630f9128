import type { QuorumVerifier, VerifierParts } from './quorum-verifier.ts';

/** More than half of the voters. @see QuorumMaj */
export class QuorumMaj implements QuorumVerifier {
  readonly version: number;
  readonly text: string;
  readonly voters: ReadonlySet<number>;
  readonly observers: ReadonlySet<number>;

  get isPair(): boolean {
    return this.voters.size === 2;
  }

  constructor(parts: VerifierParts) {
    this.version = parts.version;
    this.text = parts.text;
    this.voters = new Set(parts.voters);
    this.observers = new Set(parts.observers);
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
