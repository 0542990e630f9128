import type { ServerError } from '../errors.ts';
import { configIn } from '../membership/config-node.ts';
import { type Configuration, configurationOf, renewedBy } from '../membership/configuration.ts';
import { Membership, type MembershipChange } from '../membership/membership.ts';
import type { QuorumMember } from '../membership/quorum-text.ts';
import { type ConfigSource, votersChanged } from '../membership/voters-changed.ts';
import type { Logger } from '../runtime/logger.ts';
import type { Clock } from '../runtime/runtime.ts';
import type { ZkDatabase } from '../storage/zk-database.ts';
import { CONFIG_PATH } from '../tree/data-tree.ts';
import { zxidToHex } from '../wire/zxid.ts';

export interface PeerConfigurationParts {
  readonly member: QuorumMember;
  readonly database: ZkDatabase;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onFatal: (error: ServerError) => void;
}

/**
 * The configuration of one member: what it makes of those that it finds on its disk, and of those that a
 * leader or a vote names. It stops the server when the ensemble has other voters.
 * @see docs/quorum.md "Two configurations at once"
 */
export class PeerConfiguration {
  readonly membership: Membership;
  readonly #parts: PeerConfigurationParts;
  /** A vote in this election has named a newer configuration. */
  #isToldInVote = false;

  /** `onChange`: votes, and those who count them, use the change at once. */
  constructor(parts: PeerConfigurationParts, onChange: () => void) {
    this.#parts = parts;
    const { member, logger } = parts;
    this.membership = new Membership(member.sid, configurationOf(member.config), what => {
      this.#logChange(what);
      onChange();
    });
    const { quorum } = this.membership;
    if (!quorum.containsQuorum(quorum.voters))
      logger.warn(
        'all voters together are not a quorum by the groups and weights of the configuration, so this ensemble cannot serve',
      );
  }

  #logChange(what: MembershipChange): void {
    const { version } = this.membership.committed.verifier;
    if (what === 'committed')
      this.#parts.logger.info('this server uses a newer configuration, with the same voters', {
        version: zxidToHex(version),
      });
  }

  /**
   * The tree is level with the log: a reconfiguration that was proposed counts, since it may be committed
   * elsewhere.
   */
  problemOnDisk(): ServerError | null {
    return this.#problemOf(configIn(this.#parts.database.tree), 'disk');
  }

  #problemOf(text: string | null, source: ConfigSource): ServerError | null {
    return votersChanged(text, this.membership.committed.verifier, source);
  }

  /**
   * An election begins. What was logged may be committed elsewhere, so this member counts it from now on.
   * False when this server stops.
   */
  beginElection(): boolean {
    const problem = this.problemOnDisk();
    if (problem !== null) {
      this.#stopFor(problem);
      return false;
    }
    const logged = this.#renewedBy(configIn(this.#parts.database.tree), this.membership.lastSeen);
    if (logged !== null) this.membership.see(logged);
    this.#isToldInVote = false;
    return true;
  }

  #renewedBy(text: string | null, than: Configuration): Configuration | null {
    return text === null ? null : renewedBy(text, this.#parts.member.config, than);
  }

  /** NEWLEADER replaces what was seen before: that was abandoned if the leader does not have it. */
  onSeen(told: string | null): void {
    if (told === null) return;
    const { committed } = this.membership;
    this.membership.see(this.#renewedBy(told, committed) ?? committed);
  }

  /**
   * An established leader named a configuration, or a reconfiguration was applied (`told` null: it is in the
   * tree). False when this server stops.
   */
  onCommitted(told: string | null): boolean {
    const applied = configIn(this.#parts.database.tree);
    const problem = this.#problemOf(told, 'leader') ?? this.#problemOf(applied, 'committed');
    if (problem !== null) {
      this.#stopFor(problem);
      return false;
    }
    for (const text of [told, applied]) {
      const newer = this.#renewedBy(text, this.membership.committed);
      if (newer !== null) this.membership.commit(newer);
    }
    return true;
  }

  /**
   * What it stops for is on its disk by then, so that it does not vote with the old configuration when it is
   * started again.
   */
  #stopFor(problem: ServerError): void {
    const { database, onFatal } = this.#parts;
    database.flush(error => onFatal(error ?? problem));
  }

  /** Anybody can send a vote, so it stops no server, and is logged once in an election. */
  onVote({ from, version, text }: { from: number; version: number; text: string }): void {
    if (this.#isToldInVote || this.#problemOf(text, 'leader') === null) return;
    this.#isToldInVote = true;
    this.#parts.logger.warn(
      'a vote has a newer configuration with other voters; this server keeps its own until a leader names the other one',
      { from, version: zxidToHex(version), own: zxidToHex(this.membership.committed.verifier.version) },
    );
  }

  /**
   * Writes the node that clients read the membership from. Every member writes it itself, not by a
   * transaction.
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
