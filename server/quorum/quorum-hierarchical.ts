import { ServerError } from '../errors.ts';
import type { Membership, QuorumVerifier } from './quorum-verifier.ts';

export interface HierarchicalMembership extends Membership {
  /** group.G=sid:sid: every voter in exactly one group. */
  readonly groups: ReadonlyMap<number, readonly number[]>;
  /** weight.S=w; a voter without an entry weighs 1. */
  readonly weights: ReadonlyMap<number, number>;
}

/**
 * More than half of the weight in more than half of the groups. Groups without any weight are left out of
 * the count: their members hold the data and vote, and never decide. @see QuorumHierarchical
 */
export class QuorumHierarchical implements QuorumVerifier {
  readonly version: number;
  readonly text: string;
  readonly voters: ReadonlySet<number>;
  readonly observers: ReadonlySet<number>;
  readonly #weights = new Map<number, number>();
  readonly #groupOf = new Map<number, number>();
  /** Groups with weight, and how much. */
  readonly #groupWeights = new Map<number, number>();

  /** @throws ServerError ZK_CONFIG_VALUE when groups and voters do not match, or nobody weighs anything */
  constructor(membership: HierarchicalMembership) {
    this.version = membership.version;
    this.text = membership.text;
    this.voters = new Set(membership.voters);
    this.observers = new Set(membership.observers);
    this.#setWeights(membership.weights);
    for (const [group, sids] of membership.groups) {
      for (const sid of sids) this.#putIntoGroup(sid, group);
    }
    for (const sid of this.voters) {
      if (!this.#groupOf.has(sid)) throw invalid(`server ${sid} is a voter and in no group`);
    }
    if (this.#groupWeights.size === 0) throw invalid('every group has weight 0, so nobody could decide');
  }

  #setWeights(weights: ReadonlyMap<number, number>): void {
    for (const sid of this.voters) {
      const weight = weights.get(sid) ?? 1;
      if (!Number.isSafeInteger(weight) || weight < 0) {
        throw invalid(`weight.${sid}=${weight}: an integer of at least 0 is accepted`);
      }
      this.#weights.set(sid, weight);
    }
  }

  #putIntoGroup(sid: number, group: number): void {
    if (!this.voters.has(sid)) throw invalid(`group.${group} names server ${sid}, which is not a voter`);
    const other = this.#groupOf.get(sid);
    if (other !== undefined) throw invalid(`server ${sid} is in group ${other} and in group ${group}`);
    this.#groupOf.set(sid, group);
    const weight = this.weightOf(sid);
    if (weight > 0) this.#groupWeights.set(group, (this.#groupWeights.get(group) ?? 0) + weight);
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
      if (group !== undefined) present.set(group, (present.get(group) ?? 0) + this.weightOf(sid));
    }
    let decided = 0;
    for (const [group, total] of this.#groupWeights) if ((present.get(group) ?? 0) * 2 > total) decided++;
    return decided * 2 > this.#groupWeights.size;
  }
}

function invalid(message: string): ServerError {
  return new ServerError('ZK_CONFIG_VALUE', `hierarchical quorum: ${message}`);
}
