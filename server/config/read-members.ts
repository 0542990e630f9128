import { ServerError } from '../errors.ts';
import { formatQuorumServer, type QuorumServer } from '../membership/quorum-server.ts';
import {
  parseQuorumConfig,
  parseVersion,
  type QuorumConfig,
  type QuorumMember,
  quorumConfigOf,
} from '../membership/quorum-text.ts';
import { parseInt64 } from '../properties/java-values.ts';
import { badValue, missingKey, readInteger } from '../properties/key-kinds.ts';
import { MAX_EXTENDED_SERVER_ID } from '../tree/owner.ts';
import type { Settings } from './config-keys.ts';
import { useOf } from './key-names.ts';

interface FileText {
  readonly path: string;
  readonly text: string;
}

/** The texts from which a configuration is made. `load-config.ts` reads them. */
export interface ConfigTexts {
  /** Path of zoo.cfg, for messages. */
  readonly path: string;
  readonly text: string;
  /** The file that `dynamicConfigFile` names. */
  readonly dynamic?: FileText;
  /** The content of `dataDir/myid`; absent when there is no such file. */
  readonly myid?: string;
  /** System properties by name, as the command line of a JVM sets them. */
  readonly systemProperties?: ReadonlyMap<string, string>;
  /** The paths that were chosen for keys whose text can mean several paths. */
  readonly paths?: ReadonlyMap<string, string>;
  /** Warnings that were found while the texts were read. */
  readonly warnings?: readonly string[];
}

/** The server lines, from the file that holds them. */
export function readMembers(
  properties: ReadonlyMap<string, string>,
  texts: ConfigTexts,
  settings: Settings,
): QuorumConfig {
  const { dynamic } = texts;
  if (settings.dynamicConfigFile === undefined) return quorumConfigOf(properties);
  if (dynamic === undefined) {
    throw new ServerError('ZK_CONFIG_FILE', `${settings.dynamicConfigFile} (dynamicConfigFile) was not read`);
  }
  const stray = [...properties.keys()].find(key => useOf(key) === 'membership');
  if (stray !== undefined) {
    throw badValue(
      stray,
      properties.get(stray) ?? '',
      `such a line only in ${dynamic.path}, because dynamicConfigFile names that file`,
    );
  }
  const config = inFile(dynamic, parseQuorumConfig);
  // Whatever the name of the file: the part after the last dot is the version, if it is hexadecimal.
  const nameVersion = /\.([0-9a-fA-F]{1,13})$/.exec(dynamic.path)?.[1];
  return nameVersion === undefined ? config : { ...config, version: parseVersion(nameVersion) };
}

/** @throws ServerError that names the dynamic file, because the operator gave the server only zoo.cfg */
function inFile<T>({ path, text }: FileText, parse: (text: string) => T): T {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof ServerError)) throw error;
    throw new ServerError(error.code, `${path}: ${error.message}`, { path, ...error.details });
  }
}

/**
 * The server line of a standalone server: the line that its myid names, or the only line if no key sets a
 * port.
 */
export function lineOfStandalone(
  config: QuorumConfig,
  texts: ConfigTexts,
  settings: Settings,
): QuorumServer | undefined {
  const sid = texts.myid === undefined ? undefined : parseInt64(firstLine(texts.myid));
  const own = sid === undefined ? undefined : config.servers.get(sid);
  if (own !== undefined) return own;
  return settings.clientPort === undefined ? [...config.servers.values()][0] : undefined;
}

function firstLine(text: string): string {
  return text.split(/\r|\n/, 1)[0]?.trim() ?? '';
}

/** What this server is in the ensemble; undefined for a standalone server. */
export function memberOf(
  config: QuorumConfig,
  texts: ConfigTexts,
  settings: Settings,
  warnings: string[],
): QuorumMember | undefined {
  const servers = [...config.servers.values()];
  if (!settings.multiAddressEnabled) refuseSeveralAddresses(servers);
  const voters = servers.filter(({ role }) => role === 'participant').length;
  const observers = servers.length - voters;
  if (voters === 0 && observers > 0)
    throw missingKey('server.N with the role participant', texts.path, 'observers');
  if (voters === 0 && !settings.standaloneEnabled) {
    throw missingKey('server.N with the role participant', texts.path, 'standaloneEnabled=false');
  }
  if (voters <= 1 && settings.standaloneEnabled) {
    if (observers > 0)
      throw missingKey('a second participant, or standaloneEnabled=false,', texts.path, 'observers');
    return undefined;
  }
  warnings.push(...membershipWarnings(voters));
  const sid = readMyid(config, texts, settings);
  const role = config.servers.get(sid)?.role ?? 'participant';
  if (role !== settings.peerType) {
    warnings.push(`peerType=${settings.peerType}, but the line server.${sid} says ${role}; the line is used`);
  }
  return { sid, role, config };
}

/**
 * Members without multiAddress.enabled cannot read several addresses. @see
 * QuorumServer.initializeWithAddressString
 */
function refuseSeveralAddresses(servers: readonly QuorumServer[]): void {
  const several = servers.find(({ addresses }) => addresses.length > 1);
  if (several !== undefined)
    throw badValue(
      `server.${several.sid}`,
      formatQuorumServer(several),
      'one address; for several, set multiAddress.enabled=true on every member',
    );
}

function membershipWarnings(voters: number): string[] {
  const warnings: string[] = [];
  if (voters <= 2)
    warnings.push(
      `an ensemble of ${voters} participants tolerates no failure; three participants tolerate one`,
    );
  else if (voters % 2 === 0)
    warnings.push(
      `an ensemble of ${voters} participants tolerates no more failures than one of ${voters - 1}`,
    );
  return warnings;
}

function readMyid(config: QuorumConfig, texts: ConfigTexts, settings: Settings): number {
  const path = `${settings.dataDir}/myid`;
  const sids = [...config.servers.keys()].join(', ');
  if (texts.myid === undefined) {
    throw new ServerError(
      'ZK_MYID',
      `${path} is missing; it must contain the sid of this server, which is one of ${sids}`,
    );
  }
  const line = firstLine(texts.myid);
  const sid = readInteger(line, 0, Number.MAX_SAFE_INTEGER);
  if (sid === undefined)
    throw new ServerError(
      'ZK_MYID',
      `${path} contains ${JSON.stringify(line.slice(0, 40))}; accepted is one of ${sids}`,
    );
  if (!config.servers.has(sid)) {
    throw new ServerError(
      'ZK_MYID',
      `${path} contains ${sid}, but there is no line server.${sid}; accepted is one of ${sids}`,
    );
  }
  if (settings.extendedTypesEnabled && sid > MAX_EXTENDED_SERVER_ID) {
    throw new ServerError(
      'ZK_MYID',
      `${path} contains ${sid}, and extendedTypesEnabled=true; with a sid above ${MAX_EXTENDED_SERVER_ID}, session ids look like ` +
        'TTL nodes. Give this server a lower sid, or remove extendedTypesEnabled',
    );
  }
  return sid;
}
