import { ServerError } from '../errors.ts';
import { badValue } from '../properties/key-kinds.ts';
import type { Settings } from './config-keys.ts';
import { javaPath } from './config-paths.ts';

/** SASL between members, complete and checked; the JAAS file is not read yet. */
export interface QuorumSasl {
  /** Path of the JAAS file. */
  readonly path: string;
  /** The section with this member's own name and password. */
  readonly learnerContext: string;
  /** The section with the names and passwords of other members. */
  readonly serverContext: string;
  /** This member authenticates when it dials. */
  readonly dials: boolean;
  /** This member refuses members that dial and do not authenticate. */
  readonly isRequired: boolean;
}

/** A system property of Java's, not of ZooKeeper's: it has no prefix. */
export const JAAS_PROPERTY = 'java.security.auth.login.config';

/**
 * Undefined when members do not authenticate. @throws ServerError ZK_CONFIG_VALUE, ZK_CONFIG_MISSING
 */
export function quorumSasl(
  settings: Settings,
  properties: ReadonlyMap<string, string>,
  system: ReadonlyMap<string, string>,
): QuorumSasl | undefined {
  const { quorumSaslEnabled, quorumSaslLearnerRequires, quorumSaslServerRequires } = settings;
  const refuse = (key: string, other: string): never => {
    throw badValue(key, 'true', `true together with ${other}=true, as by Apache ZooKeeper`);
  };
  if (quorumSaslServerRequires && !quorumSaslEnabled)
    refuse('quorum.auth.serverRequireSasl', 'quorum.auth.enableSasl');
  if (quorumSaslLearnerRequires && !quorumSaslEnabled)
    refuse('quorum.auth.learnerRequireSasl', 'quorum.auth.enableSasl');
  if (quorumSaslServerRequires && !quorumSaslLearnerRequires)
    refuse('quorum.auth.serverRequireSasl', 'quorum.auth.learnerRequireSasl');
  if (!quorumSaslEnabled) return undefined;
  if (properties.get('fips-mode')?.toLowerCase() === 'true')
    throw badValue(
      'fips-mode',
      'true',
      'false together with quorum.auth.enableSasl=true: DIGEST-MD5 is not allowed in FIPS mode',
    );
  return {
    path: jaasPath(system),
    learnerContext: settings.quorumSaslLearnerContext ?? 'QuorumLearner',
    serverContext: settings.quorumSaslServerContext ?? 'QuorumServer',
    dials: quorumSaslLearnerRequires,
    isRequired: quorumSaslServerRequires,
  };
}

/** Java also accepts a URL, and "=" in front of it, which tells Java to read no other file. */
function jaasPath(system: ReadonlyMap<string, string>): string {
  const value = (system.get(JAAS_PROPERTY) ?? '').replace(/^=/, '').replace(/^file:(?:\/\/(?=\/))?/, '');
  if (value === '')
    throw new ServerError(
      'ZK_CONFIG_MISSING',
      `${JAAS_PROPERTY} is missing; it is needed for quorum.auth.enableSasl=true. Start the server with -D${JAAS_PROPERTY}=FILE`,
      { key: JAAS_PROPERTY },
    );
  return javaPath(value);
}

/**
 * With `-Dzookeeper.quorum.auth.enableSasl=true`, Apache's server starts without SASL, and its operator
 * believes that SASL is on. @throws ServerError ZK_CONFIG_RESTRICTION
 */
export function refuseMisplacedSasl(
  misplaced: ReadonlyMap<string, string>,
  { quorumSaslEnabled }: Settings,
): void {
  if (misplaced.get('quorum.auth.enableSasl')?.toLowerCase() !== 'true' || quorumSaslEnabled) return;
  throw new ServerError(
    'ZK_CONFIG_RESTRICTION',
    'zookeeper.quorum.auth.enableSasl=true has no effect, with Apache ZooKeeper either: members would not authenticate. ' +
      'Write quorum.auth.enableSasl=true in zoo.cfg, or remove the setting',
    { key: 'zookeeper.quorum.auth.enableSasl' },
  );
}
