import type { QuorumServer } from './quorum-server.ts';
import { quorumSystems } from './quorum-systems.ts';
import { formatQuorumConfig, parseQuorumConfig, type QuorumConfig } from './quorum-text.ts';
import type { QuorumVerifier } from './quorum-verifier.ts';
import { readVotingRules, votingRulesOf } from './voting-rules.ts';

/** The members, their addresses, and what a quorum of them is, at one version. */
export interface Configuration {
  readonly servers: ReadonlyMap<number, QuorumServer>;
  readonly verifier: QuorumVerifier;
}

export function configurationOf(config: QuorumConfig): Configuration {
  const text = formatQuorumConfig(config);
  return { servers: config.servers, verifier: verifierOf(config, config.version, text) };
}

/**
 * The whole configuration that a leader, a transaction or a file names.
 *
 * @throws ServerError ZK_CONFIG_VALUE or ZK_CONFIG_MISSING
 */
export function configurationFromText(text: string, systems = quorumSystems): Configuration {
  return configurationOf(parseQuorumConfig(text, systems));
}

/**
 * Applies `text` to the configuration of this server's file: the same servers at a newer version. Null when
 * `text` has other voters (`votersChanged` says what follows), or is no newer than `own`.
 */
export function renewedBy(
  text: string,
  file: QuorumConfig,
  own: Configuration,
  systems = quorumSystems,
): Configuration | null {
  const told = readVotingRules(text, systems);
  if (told === null || told.version <= own.verifier.version) return null;
  if (told.key !== votingRulesOf(own.verifier, systems).key) return null;
  return { servers: file.servers, verifier: verifierOf(file, told.version, text) };
}

function verifierOf(config: QuorumConfig, version: number, text: string): QuorumVerifier {
  const servers = [...config.servers.values()];
  const voters = servers.filter(server => server.role === 'participant').map(server => server.sid);
  const observers = servers.filter(server => server.role === 'observer').map(server => server.sid);
  return config.rules.verifier({ version, text, voters, observers });
}
