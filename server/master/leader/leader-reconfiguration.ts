import { isAtSameAddress } from '../../membership/activation.ts';
import { configurationFromText } from '../../membership/configuration.ts';
import type { QuorumServer } from '../../membership/quorum-server.ts';
import type { QuorumVerifier } from '../../membership/quorum-verifier.ts';
import { atVersion, hasNoVersion } from '../../membership/renumbered.ts';
import type { ReconfigPart } from '../../processors/reconfiguration.ts';
import type { Timer } from '../../runtime/runtime.ts';
import type { TxnPacket } from '../../wire/txn-packet.ts';
import { makeZxid } from '../../wire/zxid.ts';
import type { PeerContext } from '../../zab/peer-context.ts';
import type { LearnerHandler } from '../learners/learner-handler.ts';
import type { LiveLearners } from '../learners/live-learners.ts';
import { designatedLeader } from './designated-leader.ts';

export interface ReconfiguringLeader {
  readonly handlers: ReadonlySet<LearnerHandler>;
  /** True when the leader hears from a quorum of every configuration that counts. */
  hasQuorum(): boolean;
  end(reason: string): void;
}

/**
 * What a leader does about configurations: it gives the first one its version, counts by a pending one as
 * well, puts a committed one in force, and leaves when that one has another leader.
 *
 * @see docs/quorum.md "Two configurations at once"; Leader.tryToCommit
 */
export class LeaderReconfiguration implements ReconfigPart {
  readonly #context: PeerContext;
  readonly #live: LiveLearners;
  readonly #leader: ReconfiguringLeader;
  /** This server's line when it began to lead: where its learners find it. */
  readonly #own: QuorumServer;
  /**
   * Sid of the leader by the configuration in force, when that is not this server, or not at this address.
   */
  #successor: number | null = null;
  #deadline: Timer | null = null;

  constructor(context: PeerContext, live: LiveLearners, leader: ReconfiguringLeader) {
    this.#context = context;
    this.#live = live;
    this.#leader = leader;
    this.#own = context.membership.own;
  }

  get membership(): PeerContext['membership'] {
    return this.#context.membership;
  }

  /**
   * The first leader of an ensemble gives its configuration a version, which NEWLEADER brings to the others.
   * So it is newer than what a server that joins has in its file. ZOOKEEPER-1783
   */
  beginEpoch(epoch: number): void {
    const { config, membership } = this.#context;
    if (!config.reconfigEnabled || !hasNoVersion(membership)) return;
    membership.see(atVersion(membership.committed, makeZxid(epoch, 0)));
  }

  /**
   * A quorum of each configuration has acked NEWLEADER, so the last seen one is committed. False when this
   * server is not its leader. Its learners find that out from UPTODATE, which names no leader, and look for
   * one.
   */
  complete(newLeaderAcks: ReadonlySet<number>, zxid: number): boolean {
    const { config, membership } = this.#context;
    const { lastSeen } = membership;
    if (!config.reconfigEnabled) {
      membership.commit(lastSeen);
      return true;
    }
    const acked = new Map([...newLeaderAcks].map(sid => [sid, zxid]));
    const leader = designatedLeader(lastSeen, this.#own, acked, zxid);
    this.#context.onConfigActivated(lastSeen.verifier.text, null);
    return this.#goesOn(leader);
  }

  propose(text: string, zxid: number): void {
    this.#context.membership.see(configurationFromText(text), zxid);
  }

  /** The reconfiguration in `packet` is committed. False when another server leads from now on. */
  activate(packet: TxnPacket, acked: ReadonlyMap<number, number>): boolean {
    const { lastSeen } = this.#context.membership;
    const leader = designatedLeader(lastSeen, this.#own, acked, packet.zxid);
    this.#context.onConfigActivated(lastSeen.verifier.text, leader);
    this.#live.activate(packet, leader);
    return this.#goesOn(leader);
  }

  /**
   * When another server leads, this one commits nothing any more, and leaves when its learners have left it.
   * If it closed their connections, they might not hear of the configuration.
   */
  #goesOn(leader: number): boolean {
    const { sid, membership, clock, config } = this.#context;
    if (leader === sid && isAtSameAddress(membership.own, this.#own)) return true;
    this.#successor = leader;
    this.#deadline = clock.after(config.syncLimitMs, () => this.#leader.end(RETIRED));
    clock.atEndOfTurn(() => this.onLearnerLeft());
    return false;
  }

  onLearnerLeft(): void {
    const successor = this.#successor;
    if (successor === null) return;
    const isHere = (handler: LearnerHandler) => handler.sid === successor && handler.synced;
    if ([...this.#leader.handlers].some(isHere)) return;
    if (successor === this.#context.sid || !this.#leader.hasQuorum()) this.#leader.end(RETIRED);
  }

  /** Whether a quorum of `next` is connected and synced, without which it is not proposed. */
  isQuorumSynced(next: QuorumVerifier): boolean {
    const followers = [...this.#leader.handlers].filter(handler => !handler.isObserver && handler.synced);
    return next.containsQuorum(new Set([this.#context.sid, ...followers.map(({ sid }) => sid)]));
  }

  stop(): void {
    this.#deadline?.cancel();
  }
}

const RETIRED = 'the configuration in force has another leader';
