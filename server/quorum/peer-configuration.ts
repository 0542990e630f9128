import { ServerError } from '../errors.ts';
import { type ActivatingMember, activationOf } from '../membership/activation.ts';
import { configIn } from '../membership/config-node.ts';
import {
  type Configuration,
  configurationFromText,
  configurationOf,
  renewedBy,
} from '../membership/configuration.ts';
import { Membership, type MembershipChange } from '../membership/membership.ts';
import type { QuorumMember } from '../membership/quorum-text.ts';
import { type ConfigSource, votersChanged } from '../membership/voters-changed.ts';
import type { ServerEvents } from '../metrics/server-events.ts';
import type { Logger } from '../runtime/logging/logger.ts';
import type { Clock } from '../runtime/runtime.ts';
import type { ZkDatabase } from '../storage/zk-database.ts';
import { CONFIG_PATH } from '../tree/data-tree.ts';
import { counterOf, zxidToHex } from '../wire/zxid.ts';
import type { ConfigOutcome } from '../zab/peer-context.ts';

/** The files that hold the configurations, besides zoo.cfg itself. */
export interface ConfigurationStore {
  /** Stores the last seen configuration. It is called before any decision relies on that configuration. */
  seen(configuration: Configuration): void;
  committed(configuration: Configuration): void;
}

export interface PeerConfigurationParts {
  readonly member: QuorumMember;
  /** Whether this member follows reconfigurations. If not, it stops when the voters change. */
  readonly reconfigEnabled: boolean;
  /** Null when configurations are kept only in the log and the tree. */
  readonly store: ConfigurationStore | null;
  readonly database: ZkDatabase;
  readonly clock: Clock;
  readonly events: ServerEvents;
  readonly logger: Logger;
  readonly onFatal: (error: ServerError) => void;
}

export interface PeerConfigurationEvents {
  /** The election uses the change at once, in its own votes and in counting others. */
  onChange(what: MembershipChange): void;
  /** The present state of this member. */
  member(): ActivatingMember;
  /** The member leaves its leader; it follows `successor`, or looks when that is null. */
  onLeaving(successor: number | null): void;
}

/**
 * The configuration of one member. It decides what to do with configurations that it finds on its disk, and
 * with those that a leader, a proposal or a vote names. Without `reconfigEnabled`, it stops the server when
 * the ensemble has other voters.
 *
 * @see docs/quorum.md "Two configurations at once"; QuorumPeer.processReconfig
 */
export class PeerConfiguration {
  readonly membership: Membership;
  readonly #parts: PeerConfigurationParts;
  readonly #events: PeerConfigurationEvents;
  /** A vote in this election has named a configuration that this server does not adopt. */
  #isToldInVote = false;

  constructor(parts: PeerConfigurationParts, events: PeerConfigurationEvents) {
    this.#parts = parts;
    this.#events = events;
    const { member, logger } = parts;
    this.membership = new Membership(member.sid, configurationOf(member.config), what => this.#changed(what));
    const { quorum } = this.membership;
    if (!quorum.containsQuorum(quorum.voters))
      logger.warn(
        'all voters together are not a quorum by the groups and weights of the configuration, so this ensemble cannot serve',
      );
  }

  #changed(what: MembershipChange): void {
    const { store, events } = this.#parts;
    const { committed, lastSeen, role } = this.membership;
    const { version, voters, observers } = committed.verifier;
    if (what === 'seen') store?.seen(lastSeen);
    else {
      store?.committed(committed);
      if (lastSeen !== committed) store?.seen(lastSeen);
      events.emit({ kind: 'configured', version, role, voters: [...voters], observers: [...observers] });
    }
    this.#events.onChange(what);
  }

  /**
   * What is wrong with the configuration on disk, or null. The tree holds all that is logged, so a proposed
   * reconfiguration counts too: it may be committed elsewhere.
   */
  problemOnDisk(): ServerError | null {
    return this.#parts.reconfigEnabled
      ? this.#whatIsWrong(configIn(this.#parts.database.tree))
      : this.#problemOf(configIn(this.#parts.database.tree), 'disk');
  }

  #whatIsWrong(text: string | null): ServerError | null {
    const read = text === null ? null : tryToRead(text);
    return read instanceof ServerError ? read : null;
  }

  #problemOf(text: string | null, source: ConfigSource): ServerError | null {
    return votersChanged(text, this.membership.committed.verifier, source);
  }

  /**
   * An election begins. What was logged may be committed elsewhere, so this member counts it from now on.
   * False when this server stops.
   */
  beginElection(): boolean {
    this.#isToldInVote = false;
    const { reconfigEnabled, database } = this.#parts;
    const problem = this.problemOnDisk();
    if (problem !== null) {
      this.#stopFor(problem);
      return false;
    }
    const logged = configIn(database.tree);
    if (!reconfigEnabled) {
      const renewed = this.#renewedBy(logged, this.membership.lastSeen);
      if (renewed !== null) this.membership.see(renewed);
      return true;
    }
    if (logged !== null) this.#seeLogged(configurationFromText(logged));
    return true;
  }

  /**
   * Only the log says what this server has acked. The file of the last seen configuration may belong to a
   * reconfiguration that has been truncated from the log since, or that never reached it.
   */
  #seeLogged(configuration: Configuration): void {
    if (configuration.verifier.version > this.membership.lastSeen.verifier.version)
      this.membership.see(configuration);
  }

  #renewedBy(text: string | null, than: Configuration): Configuration | null {
    return text === null ? null : renewedBy(text, this.#parts.member.config, than);
  }

  /** NEWLEADER replaces the configuration seen before, which was abandoned if the leader does not have it. */
  onSeen(told: string | null): void {
    if (told === null) return;
    const { committed } = this.membership;
    if (this.#parts.reconfigEnabled) this.#read(told, configuration => this.membership.see(configuration));
    else this.membership.see(this.#renewedBy(told, committed) ?? committed);
  }

  /** A reconfiguration is proposed. Its quorum counts from here on; the caller logs it next. */
  onProposed(text: string): void {
    if (this.#parts.reconfigEnabled) this.#read(text, configuration => this.membership.see(configuration));
  }

  /**
   * An established leader named a configuration with UPTODATE, or a reconfiguration was applied (`told` is
   * null: it is in the tree). `epoch` is the leader's.
   */
  onCommitted(told: string | null, epoch = 0): ConfigOutcome {
    const applied = configIn(this.#parts.database.tree);
    if (!this.#parts.reconfigEnabled) return this.#keep(told, applied);
    const texts = told === null || !isPending(told, epoch) ? [told, applied] : [applied];
    let outcome: ConfigOutcome = 'goesOn';
    for (const text of texts) {
      if (text === null) continue;
      const next = this.onActivated(text, null);
      if (next !== 'goesOn') outcome = next;
    }
    return outcome;
  }

  #keep(told: string | null, applied: string | null): ConfigOutcome {
    const problem = this.#problemOf(told, 'leader') ?? this.#problemOf(applied, 'committed');
    if (problem !== null) {
      this.#stopFor(problem);
      return 'stops';
    }
    for (const text of [told, applied]) {
      const newer = this.#renewedBy(text, this.membership.committed);
      if (newer !== null) this.membership.commit(newer);
    }
    return 'goesOn';
  }

  /** A reconfiguration is committed. `leader`: who leads from then on; null where the packet does not say. */
  onActivated(text: string, leader: number | null): ConfigOutcome {
    if (!this.#parts.reconfigEnabled) return 'goesOn';
    let outcome: ConfigOutcome = 'goesOn';
    const isRead = this.#read(text, after => {
      const before = this.membership.committed;
      const { leaves, successor } = activationOf(this.#events.member(), before, after, leader);
      if (!this.membership.commit(after) || !leaves) return;
      outcome = 'leaves';
      this.#events.onLeaving(successor);
    });
    return isRead ? outcome : 'stops';
  }

  /** False when this server cannot read the configuration, and stops. */
  #read(text: string, use: (configuration: Configuration) => void): boolean {
    const read = tryToRead(text);
    if (read instanceof ServerError) {
      this.#stopFor(read);
      return false;
    }
    use(read);
    return true;
  }

  /**
   * The server stops only once the configuration that it stops for is on its disk, so that it does not vote
   * with the old one when it is started again.
   */
  #stopFor(problem: ServerError): void {
    const { database, onFatal } = this.#parts;
    database.flush(error => onFatal(error ?? problem));
  }

  /**
   * Votes name the configuration that their sender has in force. So a looking server adopts a newer one, as
   * upstream does, even from a server that it does not know: all others may be gone. Without reconfigEnabled
   * such a vote stops no server, because anybody can send a vote.
   */
  onVote({ from, version, text }: { from: number; version: number; text: string }): void {
    if (this.#parts.reconfigEnabled) this.#adopt(from, text);
    else if (!this.#isToldInVote && this.#problemOf(text, 'leader') !== null) {
      this.#isToldInVote = true;
      this.#parts.logger.warn(
        'a vote has a newer configuration with other voters; this server keeps its own until a leader names the other one',
        { from, version: zxidToHex(version), own: zxidToHex(this.membership.committed.verifier.version) },
      );
    }
  }

  #adopt(from: number, text: string): void {
    const { logger } = this.#parts;
    const read = tryToRead(text);
    if (!(read instanceof ServerError)) {
      this.membership.commit(read);
      return;
    }
    if (this.#isToldInVote) return;
    this.#isToldInVote = true;
    logger.warn(`a vote has a newer configuration that this server cannot read: ${read.message}`, { from });
  }

  /**
   * Writes the node from which clients read the membership. Every member writes it itself; there is no
   * transaction for it.
   */
  writeNode(): void {
    const { database, clock } = this.#parts;
    const { version, text } = this.membership.committed.verifier;
    const node = database.tree.getNode(CONFIG_PATH);
    if (node === undefined || configIn(database.tree) === text) return;
    node.aversion = -1;
    database.tree.setNodeData(CONFIG_PATH, node, Buffer.from(text, 'utf8'), -1, version, clock.wallMs());
  }
}

/**
 * Whether a configuration in NEWLEADER may be no more than proposed. An Apache leader that serves names what
 * it has seen last: a reconfiguration of its own epoch, which its COMMITANDACTIVATE still has to follow. If
 * it is committed, and not only proposed, it came with the sync, and is in the tree.
 */
function isPending(text: string, epoch: number): boolean {
  const read = tryToRead(text);
  if (read instanceof ServerError) return false;
  const { version } = read.verifier;
  return counterOf(version) > 0 && Math.floor(version / 0x1_0000_0000) === epoch;
}

function tryToRead(text: string): Configuration | ServerError {
  try {
    return configurationFromText(text);
  } catch (error) {
    if (error instanceof ServerError) return error;
    throw error;
  }
}
