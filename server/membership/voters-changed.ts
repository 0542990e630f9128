import { ServerError } from '../errors.ts';
import { zxidToHex } from '../wire/zxid.ts';
import type { QuorumSystem } from './quorum-system.ts';
import { quorumSystems } from './quorum-systems.ts';
import type { QuorumVerifier } from './quorum-verifier.ts';
import { readVotingRules, type VotingRules, votingRulesOf } from './voting-rules.ts';

/**
 * Who names a configuration: the leader in NEWLEADER, a reconfiguration that was committed, or this server's
 * disk, where it may never have been committed. A vote does not count, since anybody can send one.
 */
export type ConfigSource = 'leader' | 'committed' | 'disk';

const FOUND: Readonly<Record<ConfigSource, string>> = {
  leader: 'its leader names',
  committed: 'a reconfiguration made',
  disk: 'its log or snapshot holds',
};

const SIDS_SHOWN_MAX = 50;
const KEY_CHARS_SHOWN_MAX = 400;

/**
 * Why this member must not go on with its configuration `own`, or null. A `text` that is logged and not yet
 * committed counts too: a quorum without this member may commit it elsewhere.
 *
 * For a member without reconfigEnabled. If it went on with the old voters when the ensemble has others, it
 * could make a quorum of its own: it must stop. @see QuorumPeer.processReconfig
 */
export function votersChanged(
  text: string | null,
  own: QuorumVerifier,
  source: ConfigSource,
  systems = quorumSystems,
): ServerError | null {
  const told = text === null ? null : readVotingRules(text, systems);
  if (told === null || told.version <= own.version) return null;
  const rules = votingRulesOf(own, systems);
  return told.key === rules.key ? null : problemWith(told, rules, source, systems);
}

function problemWith(
  told: VotingRules,
  own: VotingRules,
  source: ConfigSource,
  systems: readonly QuorumSystem[],
): ServerError {
  const version = told.version.toString(16);
  const uncommitted =
    source !== 'disk'
      ? ''
      : ' If /zookeeper/config of the other members does not have that version, it was proposed and came to nothing: remove version-2 ' +
        'from dataDir and dataLogDir of this server alone, and it takes everything from its leader.';
  return new ServerError(
    'ZK_VOTERS_CHANGED',
    `the voters of the ensemble are not those of this server's configuration, and it follows no reconfiguration since reconfigEnabled is false: ${FOUND[source]} version ` +
      `${zxidToHex(told.version)} with ${described(told)}; this server has version ${zxidToHex(own.version)} with ${described(own)}. ` +
      `Put the ${linesNamed(systems)} lines of /zookeeper/config of a serving member into zoo.cfg, with the line version=${version}, and ` +
      `start this server again, or leave it stopped if it is not among them.${uncommitted}`,
    {
      found: { version: zxidToHex(told.version), voters: shownSids(told) },
      configured: { version: zxidToHex(own.version), voters: shownSids(own) },
    },
  );
}

function described(rules: VotingRules): string {
  const { keyTitle } = rules.system;
  const how = keyTitle === '' ? '' : ` ${keyTitle} ${rules.systemKey.slice(0, KEY_CHARS_SHOWN_MAX)}`;
  return `the voters ${shownSids(rules)}${how}`;
}

/** "server, group and weight" */
function linesNamed(systems: readonly QuorumSystem[]): string {
  const names = ['server', ...systems.flatMap(({ keys }) => keys.map(key => key.replace(/\.N$/, '')))];
  return names.join(', ').replace(/, ([^,]*)$/, ' and $1');
}

function shownSids({ voters }: VotingRules): string {
  const more = voters.length > SIDS_SHOWN_MAX ? `, and ${voters.length - SIDS_SHOWN_MAX} more` : '';
  return voters.slice(0, SIDS_SHOWN_MAX).join(', ') + more;
}
