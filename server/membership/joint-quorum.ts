import type { QuorumVerifier } from './quorum-verifier.ts';

/**
 * The configurations whose quorums decide at one moment: the committed one and, while a later one has been
 * seen and is not committed, that one as well. A decision meanwhile needs a quorum of each, because a quorum
 * of the one and a quorum of the other need not share a voter.
 *
 * It never changes. `Membership` makes another one when a configuration is seen or committed.
 * @see docs/quorum.md "Two configurations at once"; SyncedLearnerTracker
 */
export class JointQuorum {
  readonly committed: QuorumVerifier;
  /** The configuration that was seen and is not committed; null when there is none. */
  readonly next: QuorumVerifier | null;
  /** The zxid of the proposal that brings `next`. Earlier proposals need no quorum of `next`. */
  readonly nextFrom: number;
  /** Voters of either configuration. */
  readonly voters: ReadonlySet<number>;

  constructor(committed: QuorumVerifier, next: QuorumVerifier | null = null, nextFrom = 0) {
    this.committed = committed;
    this.next = next;
    this.nextFrom = nextFrom;
    this.voters = next === null ? committed.voters : new Set([...committed.voters, ...next.voters]);
  }

  /** An oracle may decide for one of the two voters, in each configuration. @see docs/oracle.md */
  get isPair(): boolean {
    return this.committed.isPair && (this.next === null || this.next.isPair);
  }

  isVoter(sid: number): boolean {
    return this.committed.isVoter(sid) || this.next?.isVoter(sid) === true;
  }

  /** A voter of the next configuration alone may lead too: it may have the longest history. */
  weightOf(sid: number): number {
    const weight = this.committed.weightOf(sid);
    return this.next === null ? weight : Math.max(weight, this.next.weightOf(sid));
  }

  /** True for a quorum of each configuration. */
  containsQuorum(sids: ReadonlySet<number>): boolean {
    return this.committed.containsQuorum(sids) && (this.next === null || this.next.containsQuorum(sids));
  }

  /** True for a quorum of either configuration. */
  containsAnyQuorum(sids: ReadonlySet<number>): boolean {
    return this.committed.containsQuorum(sids) || this.next?.containsQuorum(sids) === true;
  }
}

/** The source from which the present quorum is read at each use. It never changes on a standalone server. */
export interface QuorumSource {
  readonly quorum: JointQuorum;
}
