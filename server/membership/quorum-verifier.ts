/**
 * Says who may vote and which sets of voters decide: a configuration without its addresses, and without I/O.
 * Observers are in no quorum, whatever set contains them (ZOOKEEPER-769, 764, 2959).
 *
 * @see docs/configuration.md "Membership lines"; QuorumVerifier
 */
export interface QuorumVerifier {
  /** The configuration's version: the zxid of the reconfig that made it, 0 for the one from the file. */
  readonly version: number;
  /** The text form that travels in notifications, NEWLEADER and /zookeeper/config. */
  readonly text: string;
  readonly voters: ReadonlySet<number>;
  readonly observers: ReadonlySet<number>;
  /** Two voters of equal weight, for which an oracle may decide. */
  readonly isPair: boolean;
  isVoter(sid: number): boolean;
  /** 0 for whoever is not a voter; upstream's hierarchical verifier throws for them. */
  weightOf(sid: number): number;
  containsQuorum(sids: ReadonlySet<number>): boolean;
}

/** What every verifier is made from. */
export interface VerifierParts {
  readonly version: number;
  readonly text: string;
  readonly voters: Iterable<number>;
  readonly observers: Iterable<number>;
}
