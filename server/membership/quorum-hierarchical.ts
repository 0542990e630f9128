import { ServerError } from '../errors.ts';
import type { QuorumVerifier, VerifierParts } from './quorum-verifier.ts';

export interface HierarchicalParts extends VerifierParts {
  /** group.G=sid:sid: every voter in exactly one group. Other servers may be in one too. */
  readonly groups: ReadonlyMap<number, readonly number[]>;
  /** weight.S=w; without an entry a voter weighs 1, anybody else 0. */
  readonly weights: ReadonlyMap<number, number>;
}

/**
 * More than half of the weight in more than half of the groups decides. Groups whose members weigh nothing
 * are not counted: their members hold the data and vote, and never decide.
 *
 * The weight of an observer, or of a server without a line, counts in the total of its group and never for a
 * quorum, as upstream: members of both implementations must agree on what a quorum is.
 * @see QuorumHierarchical
 */
export class QuorumHierarchical implements QuorumVerifier {
  readonly version: number;
  readonly text: string;
  readonly voters: ReadonlySet<number>;
  readonly observers: ReadonlySet<number>;
  readonly #weights = new Map<number, number>();
  readonly #groupOf = new Map<number, number>();
  readonly #groupWeights = new Map<number, number>();
  /** How many groups have weight. */
  readonly #groupCount: number;

  /** Upstream asks its oracle for majorities alone. */
  readonly isPair = false;

  /** @throws ServerError ZK_CONFIG_VALUE when groups and voters do not match */
  constructor(parts: HierarchicalParts) {
    this.version = parts.version;
    this.text = parts.text;
    this.voters = new Set(parts.voters);
    this.observers = new Set(parts.observers);
    for (const [group, sids] of parts.groups) {
      for (const sid of sids) this.#putIntoGroup(sid, group, parts.weights);
    }
    for (const sid of this.voters) {
      if (!this.#groupOf.has(sid)) throw invalid(`server ${sid} is a voter and in no group`);
    }
    const withoutWeight = [...this.#groupWeights.values()].filter(weight => weight === 0).length;
    this.#groupCount = parts.groups.size - withoutWeight;
  }

  #putIntoGroup(sid: number, group: number, weights: ReadonlyMap<number, number>): void {
    const other = this.#groupOf.get(sid);
    if (other !== undefined) throw invalid(`server ${sid} is in group ${other} and in group ${group}`);
    this.#groupOf.set(sid, group);
    const weight = weights.get(sid) ?? (this.voters.has(sid) ? 1 : 0);
    if (!Number.isSafeInteger(weight) || weight < 0) {
      throw invalid(`weight.${sid}=${weight}: an integer of at least 0 is accepted`);
    }
    if (this.voters.has(sid)) this.#weights.set(sid, weight);
    this.#groupWeights.set(group, (this.#groupWeights.get(group) ?? 0) + weight);
  }

  isVoter(sid: number): boolean {
    return this.voters.has(sid);
  }

  weightOf(sid: number): number {
    return this.#weights.get(sid) ?? 0;
  }

  containsQuorum(sids: ReadonlySet<number>): boolean {
    const present = new Map<number, number>();
    for (const sid of sids) {
      const group = this.#groupOf.get(sid);
      if (group !== undefined && this.voters.has(sid))
        present.set(group, (present.get(group) ?? 0) + this.weightOf(sid));
    }
    let decided = 0;
    for (const [group, total] of this.#groupWeights) if ((present.get(group) ?? 0) * 2 > total) decided++;
    return decided * 2 > this.#groupCount;
  }
}

function invalid(message: string): ServerError {
  return new ServerError('ZK_CONFIG_VALUE', `hierarchical quorum: ${message}`);
}
