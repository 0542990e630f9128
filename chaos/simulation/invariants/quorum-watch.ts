import { epochOf, zxidToHex } from '../../../server/wire/zxid.ts';
import { isQuorum, type QuorumRules } from '../own-quorum.ts';

export interface QuorumWatchOptions {
  readonly rules: QuorumRules;
  readonly nameOf: (sid: number) => string;
  /** Whether the oracle authorises a voter at this moment. @default nobody */
  readonly authorises?: (sid: number) => boolean;
  readonly onViolation: (what: string) => void;
  /** Called with each new reconfiguration. */
  readonly onProposed?: () => void;
}

/**
 * What a member has promised and kept, as it said itself at the time. A disk that lies is believed here;
 * what it loses shows in what comes after.
 */
interface Standing {
  /** The last transaction that is durable there. */
  durable: number;
  /** Its currentEpoch. */
  epoch: number;
  /** Its acceptedEpoch. */
  accepted: number;
}

/**
 * Checks at every step what Zab rests on, from what members report of their disks and by a reckoning of
 * quorums of its own:
 *
 * - an epoch begins when a quorum has its history on disk and has made the epoch its current one;
 * - a transaction is committed when a quorum has it on disk;
 * - no epoch begins without a transaction that was committed, and none is committed that a later epoch began
 *   without;
 * - a voter keeps its promises: it never goes back to an epoch below the one that it accepted, and makes an
 *   epoch its current one only when all that it has logged is durable.
 */
export class QuorumWatch {
  readonly #options: QuorumWatchOptions;
  readonly #standings = new Map<number, Standing>();
  /** Where the history of each epoch that has begun ended before it. */
  readonly #starts = new Map<number, number>();
  /** Reconfigurations that were ever proposed, by zxid: who decides from each on. */
  readonly #proposed = new Map<number, QuorumRules>();
  readonly #committedConfigs = new Set<number>();
  #newestEpoch = 0;
  #lastCommitted = 0;

  constructor(options: QuorumWatchOptions) {
    this.#options = options;
  }

  get lastCommitted(): number {
    return this.#lastCommitted;
  }

  /** The last transaction that is durable on the disk of a member. */
  durableOn(sid: number): number {
    return this.#standing(sid).durable;
  }

  /** The member says that everything up to `zxid` is durable, or was cut back to it. */
  durableIs(sid: number, zxid: number): void {
    this.#standing(sid).durable = zxid;
  }

  /** `logged`: the last transaction that the member has logged. */
  epochIs(sid: number, epoch: number, logged: number): void {
    const standing = this.#standing(sid);
    standing.epoch = epoch;
    if (!this.#votes(sid) || logged <= standing.durable) return;
    const durable = `though ${zxidToHex(standing.durable)} is the last of its log that is durable`;
    this.#options.onViolation(`${this.#name(sid)} made epoch ${epoch} its current one, ${durable}`);
  }

  acceptedIs(sid: number, epoch: number): void {
    const standing = this.#standing(sid);
    if (this.#votes(sid) && epoch < standing.accepted)
      this.#options.onViolation(
        `${this.#name(sid)} accepted epoch ${epoch} after it had accepted epoch ${standing.accepted}`,
      );
    standing.accepted = epoch;
  }

  /** A reconfiguration was proposed. */
  proposed(zxid: number, rules: QuorumRules): void {
    this.#proposed.set(zxid, rules);
    this.#options.onProposed?.();
  }

  /** Whether some configuration that was ever proposed, or the first one, gives this member a vote. */
  mayVote(sid: number): boolean {
    return [this.#options.rules, ...this.#proposed.values()].some(({ voters }) => voters.includes(sid));
  }

  /** `sid` begins `epoch` with the history that ends at the transaction `after`. */
  leads(sid: number, epoch: number, after: number): void {
    const ready = this.#those(standing => standing.epoch >= epoch && standing.durable >= after);
    const last = this.#lastConfigIn(after);
    const isOpen = last > 0 && !this.#committedConfigs.has(last);
    const deciders = isOpen ? [this.#lastConfigIn(last - 1), last] : [last];
    this.#committedConfigs.add(last);
    if (!this.#isEnough(sid, ready, deciders))
      this.#violation(sid, `began epoch ${epoch} after ${zxidToHex(after)}, which only`, ready);
    if (this.#lastCommitted > after) {
      const lost = `without ${zxidToHex(this.#lastCommitted)}, which was committed`;
      this.#options.onViolation(`${this.#name(sid)} began epoch ${epoch} after ${zxidToHex(after)}, ${lost}`);
    }
    this.#starts.set(epoch, after);
    this.#newestEpoch = Math.max(this.#newestEpoch, epoch);
  }

  /** `sid`, a leader, commits a transaction of its own epoch. */
  commits(sid: number, zxid: number): void {
    const having = this.#those(({ durable }) => durable >= zxid);
    const isConfig = this.#proposed.has(zxid);
    const deciders = [this.#lastConfigIn(zxid - 1), ...(isConfig ? [zxid] : [])];
    if (isConfig) this.#committedConfigs.add(zxid);
    if (!this.#isEnough(sid, having, deciders))
      this.#violation(sid, `committed ${zxidToHex(zxid)}, which only`, having);
    for (let epoch = epochOf(zxid) + 1; epoch <= this.#newestEpoch; epoch++) {
      const after = this.#starts.get(epoch);
      if (after === undefined || after >= zxid) continue;
      const began = `though epoch ${epoch} had begun after ${zxidToHex(after)}, without it`;
      this.#options.onViolation(`${this.#name(sid)} committed ${zxidToHex(zxid)}, ${began}`);
    }
    this.#lastCommitted = Math.max(this.#lastCommitted, zxid);
  }

  /** `deciders`: the zxids of the configurations whose quorums are needed. */
  #isEnough(leader: number, sids: ReadonlySet<number>, deciders: readonly number[]): boolean {
    const { rules, authorises } = this.#options;
    if (sids.has(leader) && authorises?.(leader) === true) return true;
    return deciders.every(zxid => isQuorum(this.#proposed.get(zxid) ?? rules, sids));
  }

  /** The last reconfiguration in the history that ends at `zxid`; 0: there is none. */
  #lastConfigIn(zxid: number): number {
    let last = 0;
    for (const config of this.#proposed.keys()) {
      if (config > last && this.#isInHistory(config, zxid)) last = config;
    }
    return last;
  }

  #isInHistory(zxid: number, end: number): boolean {
    let at = end;
    while (epochOf(at) > epochOf(zxid)) at = this.#starts.get(epochOf(at)) ?? 0;
    return epochOf(at) === epochOf(zxid) && zxid <= at;
  }

  #those(test: (standing: Standing) => boolean): Set<number> {
    const sids = new Set<number>();
    for (const [sid, standing] of this.#standings) if (test(standing)) sids.add(sid);
    return sids;
  }

  #violation(sid: number, what: string, sids: ReadonlySet<number>): void {
    const names = [...sids].map(each => this.#name(each)).join(', ') || 'nobody';
    this.#options.onViolation(`${this.#name(sid)} ${what} ${names} had on disk: no quorum`);
  }

  #votes(sid: number): boolean {
    return this.#proposed.size === 0 && this.#options.rules.voters.includes(sid);
  }

  #name(sid: number): string {
    return this.#options.nameOf(sid);
  }

  #standing(sid: number): Standing {
    let standing = this.#standings.get(sid);
    if (standing === undefined) {
      standing = { durable: 0, epoch: 0, accepted: 0 };
      this.#standings.set(sid, standing);
    }
    return standing;
  }
}
