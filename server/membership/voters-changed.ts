import { ServerError } from '../errors.ts';
import { zxidToHex } from '../wire/zxid.ts';
import type { QuorumVerifier } from './quorum-verifier.ts';
import { readVotingRules, type VotingRules, votingRulesOf } from './voting-rules.ts';

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
 * Why this member must not go on with its configuration `own`, or null. Also when `text` is logged and not
 * yet committed: it may be committed elsewhere, by a quorum that this member is no part of any more.
 *
 * There is no reconfiguration here. A member that went on with the old voters, when an ensemble led by Apache
 * has others, could make a quorum of its own: it must stop. @see QuorumPeer.processReconfig
 */
export function votersChanged(
  text: string | null,
  own: QuorumVerifier,
  source: ConfigSource,
): ServerError | null {
  const told = text === null ? null : readVotingRules(text);
  if (told === null || told.version <= own.version) return null;
  const rules = votingRulesOf(own);
  return told.key === rules.key ? null : problemWith(told, rules, source);
}

function problemWith(told: VotingRules, own: VotingRules, source: ConfigSource): ServerError {
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
