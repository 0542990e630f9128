import type { QuorumServer } from './quorum-server.ts';
import type { QuorumVerifier, VerifierParts } from './quorum-verifier.ts';

/**
 * A way to say which sets of voters decide: the lines of a configuration that choose it, what is a quorum by
 * them, and which lines make the same quorums. `quorum-systems.ts` lists all systems.
 */
export interface QuorumSystem {
  /** The name is unique, because it distinguishes the voting keys of different systems. */
  readonly name: string;
  /** The keys of its lines as messages name them: "group.N" is every key that begins with "group.". */
  readonly keys: readonly string[];
  /**
   * Null when the text has none of its keys.
   *
   * @throws ServerError ZK_CONFIG_VALUE or ZK_CONFIG_MISSING for lines that are wrong
   */
  read(
    properties: ReadonlyMap<string, string>,
    servers: ReadonlyMap<number, QuorumServer>,
  ): QuorumRules | null;
  /**
   * Equal for lines by which the same voters have the same quorums, and for no others: a member with the same
   * key goes on through a reconfiguration, and two that judge quorums differently can both have one. Null
   * when its lines are not there. It never throws, since the lines may be of another version of ZooKeeper.
   */
  votingKey(properties: ReadonlyMap<string, string>, voters: readonly number[]): string | null;
  /** The words of a message before a voting key. When they are empty, the message names neither. */
  readonly keyTitle: string;
}

/** What one configuration's lines of a quorum system say. */
export interface QuorumRules {
  /** The lines in the text form, without line ends. */
  readonly lines: readonly string[];
  verifier(parts: VerifierParts): QuorumVerifier;
}
