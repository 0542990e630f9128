import { ServerError } from '../errors.ts';
import type { QuorumMember } from '../membership/quorum-text.ts';
import { CONFIG_PATH, type DataTree } from '../tree/data-tree.ts';
import { zxidToHex } from '../wire/zxid.ts';
import { QuorumHierarchical } from './quorum-hierarchical.ts';
import { QuorumMaj } from './quorum-maj.ts';
import { formatQuorumConfig } from './quorum-text.ts';
import type { QuorumVerifier } from './quorum-verifier.ts';
import { readVotingRules, type VotingRules } from './voting-rules.ts';

/**
 * Who names a configuration: the leader in NEWLEADER, a reconfiguration that was committed, or what lies on
 * this server's disk, which may never have been. A vote does not count, since anybody can send one.
 */
export type ConfigSource = 'leader' | 'committed' | 'disk';

const FOUND: Readonly<Record<ConfigSource, string>> = {
  leader: 'its leader names',
  committed: 'a reconfiguration made',
  disk: 'its log or snapshot holds',
};

const SIDS_SHOWN_MAX = 50;

/**
 * The configuration that this member goes by: that of its file, or a newer one with the same voters, which
 * reached it from an established leader or in the committed history (an observer was added, or the first
 * leader gave it a version).
 *
 * There is no reconfiguration here. A member that went on with the old voters, when an ensemble led by Apache
 * has others, could make a quorum of its own: it must stop. @see QuorumPeer.processReconfig
 */
export class CurrentConfig {
  readonly #member: QuorumMember;
  #verifier: QuorumVerifier;
  #rules: VotingRules;

  constructor(member: QuorumMember) {
    this.#member = member;
    this.#verifier = verifierOf(member);
    this.#rules = rulesOf(this.#verifier);
  }

  get verifier(): QuorumVerifier {
    return this.#verifier;
  }

  /**
   * Why this member must not go on, or null. Also of what is logged and not yet committed: it may be
   * committed elsewhere, by a quorum that this member is no part of any more.
   */
  problemOf(text: string | null, source: ConfigSource): ServerError | null {
    const told = text === null ? null : readVotingRules(text);
    if (told === null || told.key === this.#rules.key || told.version <= this.#rules.version) return null;
    return votersChanged(told, this.#rules, source);
  }

  /**
   * A committed configuration. True when it is newer than the one so far, whose voters it has: see
   * `problemOf`.
   */
  take(text: string): boolean {
    const told = readVotingRules(text);
    if (told === null || told.key !== this.#rules.key || told.version <= this.#rules.version) return false;
    this.#verifier = verifierOf(this.#member, { version: told.version, text });
    this.#rules = told;
    return true;
  }

  /** What a learner is told: the newest of what is known, committed by the time that the learner serves. */
  newestText(tree: DataTree): string {
    const text = configIn(tree);
    const rules = text === null ? null : readVotingRules(text);
    return rules !== null && rules.version > this.#rules.version ? text! : this.#verifier.text;
  }
}

/**
 * The configuration in the tree; null for none, or for what a client wrote there: a reconfiguration sets no
 * version.
 */
export function configIn(tree: DataTree): string | null {
  const node = tree.getNode(CONFIG_PATH);
  if (node === undefined || node.version !== -1 || node.data === null) return null;
  return node.data.toString('utf8');
}

function rulesOf({ version, text, voters }: QuorumVerifier): VotingRules {
  return readVotingRules(text) ?? { version, voters: [...voters], key: [...voters].join() };
}

export function verifierOf(member: QuorumMember, by?: { version: number; text: string }): QuorumVerifier {
  const { config } = member;
  const { version, text } = by ?? { version: config.version, text: formatQuorumConfig(config) };
  const servers = [...config.servers.values()];
  const voters = servers.filter(server => server.role === 'participant').map(server => server.sid);
  const observers = servers.filter(server => server.role === 'observer').map(server => server.sid);
  const membership = { version, text, voters, observers };
  if (config.groups.size === 0) return new QuorumMaj(membership);
  return new QuorumHierarchical({ ...membership, groups: config.groups, weights: config.weights });
}

function votersChanged(told: VotingRules, own: VotingRules, source: ConfigSource): ServerError {
  const version = told.version.toString(16);
  const uncommitted =
    source !== 'disk'
      ? ''
      : ' If /zookeeper/config of the other members does not have that version, it was proposed and came to nothing: remove version-2 ' +
        'from dataDir and dataLogDir of this server alone, and it takes everything from its leader.';
  return new ServerError(
    'ZK_VOTERS_CHANGED',
    `the voters of the ensemble are not those of this server's configuration, and it cannot follow a reconfiguration: ${FOUND[source]} version ` +
      `${zxidToHex(told.version)} with ${described(told)}; this server has version ${zxidToHex(own.version)} with ${described(own)}. ` +
      `Put the server, group and weight lines of /zookeeper/config of a serving member into zoo.cfg, with the line version=${version}, and ` +
      `start this server again, or leave it stopped if it is not among them.${uncommitted}`,
    {
      found: { version: zxidToHex(told.version), voters: shownSids(told) },
      configured: { version: zxidToHex(own.version), voters: shownSids(own) },
    },
  );
}

function described(rules: VotingRules): string {
  const groups = rules.key.split(' ').slice(1);
  return `the voters ${shownSids(rules)}${groups.length > 0 ? ` in the groups (sid*weight) ${groups.join(' ').slice(0, 400)}` : ''}`;
}

function shownSids({ voters }: VotingRules): string {
  const more = voters.length > SIDS_SHOWN_MAX ? `, and ${voters.length - SIDS_SHOWN_MAX} more` : '';
  return voters.slice(0, SIDS_SHOWN_MAX).join(', ') + more;
}
