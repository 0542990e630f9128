import type { Random } from '../runtime/runtime.ts';
import type { Master } from './master-dialer.ts';

/** Number of rounds in which only followers are asked: about one second. */
const ROUNDS = 13;

/** Who can serve an observer: followers on `observerMasterPort`, and the leader there too. */
export interface MasterCandidates {
  readonly followers: readonly Master[];
  /** Undefined when no configuration of this server names the leader any longer. */
  readonly leader: Master | undefined;
}

/**
 * Which masters an observer asks, and in which order. Any voter can serve it (rows 004-14, 004-19). Followers
 * come first, in random order, to take the load off the leader (004-16). The leader comes last, so that an
 * ensemble without followers strands no observer (004-20). A follower opens that port only once it has synced
 * itself, so followers are asked for a while.
 *
 * A master that accepts the connection and never serves costs a whole initLimit. It is asked again only when
 * nobody else answered: after all others, the leader included, until one serves.
 * @see QuorumPeer.findLearnerMaster
 */
export class ObserverMasters {
  readonly #random: Random;
  /** Sids of masters that have accepted a connection, or kept the observer waiting, and never served it. */
  readonly #triedInVain = new Set<number>();
  #served = false;
  #prescribed: Master | null = null;

  constructor(random: Random) {
    this.#random = random;
  }

  rounds({ followers, leader }: MasterCandidates): Master[][] {
    this.#served = false;
    const shuffled = this.#shuffled(followers);
    const all = leader === undefined ? shuffled : [...shuffled, leader];
    if (all.every(master => this.#isInVain(master))) this.#triedInVain.clear();
    const fresh = all.filter(master => !this.#isInVain(master));
    const everybody = [...fresh, ...all.filter(master => this.#isInVain(master))];
    const early = fresh.filter(master => master !== leader);
    const rounds = [
      ...Array.from({ length: ROUNDS }, () => (early.length > 0 ? early : everybody)),
      everybody,
    ];
    const prescribed = this.#prescribed;
    this.#prescribed = null;
    return prescribed === null ? rounds : [[prescribed], ...rounds];
  }

  /** Sets the master to ask first, the next time. */
  prescribe(master: Master): void {
    this.#prescribed = master;
  }

  /** The connected master has brought the observer up to date. */
  onServed(): void {
    this.#served = true;
    this.#triedInVain.clear();
  }

  /** `master`: the one to which the observer was connected, or for which it waited. */
  onEnded(master: Master | null): void {
    if (master !== null && !this.#served) this.#triedInVain.add(master.sid);
  }

  #isInVain({ sid }: Master): boolean {
    return this.#triedInVain.has(sid);
  }

  #shuffled(masters: readonly Master[]): Master[] {
    const shuffled = [...masters];
    for (let i = shuffled.length - 1; i > 0; i--) {
      const j = this.#random.below(i + 1);
      [shuffled[i], shuffled[j]] = [shuffled[j]!, shuffled[i]!];
    }
    return shuffled;
  }
}
