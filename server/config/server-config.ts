import { ServerError } from '../errors.ts';
import type { Address } from '../runtime/runtime.ts';
import { type Settings, usedKeys } from './config-keys.ts';
import { badValue, type ConfigKey, readInteger, readKey } from './key-kinds.ts';
import { canonicalKey, nearestKey, useOf } from './key-names.ts';
import { parseProperties } from './properties.ts';
import { ANY_HOST, formatAddress, type QuorumServer, type Role } from './quorum-server.ts';
import { parseQuorumConfig, parseVersion, type QuorumConfig, quorumConfigOf } from './quorum-text.ts';

/** The texts a configuration is made from; `load-config.ts` reads them. */
export interface ConfigTexts {
  /** Of zoo.cfg, for messages. */
  readonly path: string;
  readonly text: string;
  /** The file that `dynamicConfigFile` names. */
  readonly dynamic?: { readonly path: string; readonly text: string };
  /** The content of `dataDir/myid`; absent when there is no such file. */
  readonly myid?: string;
}

/** One server's configuration, complete and checked: nothing behind this asks for a default again. */
export interface ServerConfig extends Readonly<Omit<Settings, Resolved>> {
  readonly dataDir: string;
  readonly dataLogDir: string;
  /** Undefined when this server takes no clients, or none without TLS. */
  readonly clientAddress: Address | undefined;
  readonly secureClientAddress: Address | undefined;
  readonly minSessionTimeoutMs: number;
  readonly maxSessionTimeoutMs: number;
  readonly initLimitMs: number;
  readonly syncLimitMs: number;
  /** To connect to a leader or an observer master. */
  readonly connectToLearnerMasterLimitMs: number;
  /** Undefined: standalone. */
  readonly quorum: QuorumMember | undefined;
  readonly notYetUsed: readonly { readonly key: string; readonly value: string }[];
  readonly unknownKeys: readonly UnknownKey[];
  /** One line each, for the log of the start: what was understood otherwise than it may have been meant. */
  readonly warnings: readonly string[];
}

export interface QuorumMember {
  /** This server's own line is `config.servers.get(sid)`. */
  readonly sid: number;
  readonly role: Role;
  readonly config: QuorumConfig;
}

export interface UnknownKey {
  readonly key: string;
  readonly value: string;
  readonly nearest: string | undefined;
}

/** Settings that appear in ServerConfig in another form. */
type Resolved =
  | 'dataDir'
  | 'dataLogDir'
  | 'clientPort'
  | 'clientPortAddress'
  | 'secureClientPort'
  | 'secureClientPortAddress'
  | 'minSessionTimeout'
  | 'maxSessionTimeout'
  | 'initLimitTicks'
  | 'syncLimitTicks'
  | 'connectToLearnerMasterLimitTicks'
  | 'peerType';

const SNAP_RETAIN_COUNT_MIN = 3;

/**
 * @throws ServerError ZK_CONFIG_VALUE naming key, value and what is accepted; ZK_CONFIG_MISSING; ZK_MYID
 */
export function parseConfig(texts: ConfigTexts): ServerConfig {
  const properties = canonicalProperties(parseProperties(texts.text));
  const settings = readSettings(properties);
  const warnings: string[] = [];
  const members = readMembers(properties, texts, settings);
  const quorum = memberOf(members, texts, settings, warnings);
  const ownLine = quorum ? quorum.config.servers.get(quorum.sid) : [...members.servers.values()][0];
  const { notYetUsed, unknownKeys } = keysWithoutEffect(properties, warnings);
  if (settings.snapRetainCount < SNAP_RETAIN_COUNT_MIN) {
    warnings.push(
      `autopurge.snapRetainCount=${settings.snapRetainCount}: ${SNAP_RETAIN_COUNT_MIN} is the least, and used`,
    );
    settings.snapRetainCount = SNAP_RETAIN_COUNT_MIN;
  }

  const dataDir = needed(settings.dataDir, 'dataDir', texts.path, 'every server');
  const { clientAddress, secureClientAddress } = clientAddresses(settings, ownLine);
  if (!quorum && !clientAddress && !secureClientAddress)
    needed(undefined, 'clientPort', texts.path, 'a standalone server');
  return {
    ...settings,
    ...timeouts(settings, quorum !== undefined, texts.path),
    dataDir,
    dataLogDir: settings.dataLogDir ?? dataDir,
    clientAddress,
    secureClientAddress,
    quorum,
    notYetUsed,
    unknownKeys,
    warnings,
  };
}

/** One spelling for each key. @throws when two spellings of a key stand there with different values */
export function canonicalProperties(properties: ReadonlyMap<string, string>): Map<string, string> {
  const canonical = new Map<string, string>();
  for (const [spelled, text] of properties) {
    const key = canonicalKey(spelled);
    const value = text.trim();
    const other = canonical.get(key);
    if (other !== undefined && other !== value)
      throw badValue(spelled, value, `one value for ${key}, which is also ${other}`);
    canonical.set(key, value);
  }
  return canonical;
}

function readSettings(properties: ReadonlyMap<string, string>): Settings {
  const entries = Object.entries(usedKeys).map(([field, key]: [string, ConfigKey<unknown>]) => {
    const text = properties.get(key.key);
    return [field, text === undefined ? key.default : readKey(key, text)];
  });
  return Object.fromEntries(entries) as Settings;
}

function keysWithoutEffect(properties: ReadonlyMap<string, string>, warnings: string[]) {
  const notYetUsed: { key: string; value: string }[] = [];
  const unknownKeys: UnknownKey[] = [];
  for (const [key, value] of properties) {
    const use = useOf(key);
    if (use === 'notYetUsed') notYetUsed.push({ key, value });
    if (use === 'unknown') unknownKeys.push({ key, value, nearest: nearestKey(key) });
  }
  if (notYetUsed.length > 0) {
    warnings.push(`known keys without effect in this server: ${notYetUsed.map(({ key }) => key).join(', ')}`);
  }
  for (const { key, nearest } of unknownKeys) {
    warnings.push(`unknown key ${key}${nearest === undefined ? '' : `; is ${nearest} meant?`}`);
  }
  return { notYetUsed, unknownKeys };
}

function readMembers(
  properties: ReadonlyMap<string, string>,
  texts: ConfigTexts,
  settings: Settings,
): QuorumConfig {
  const { dynamic } = texts;
  if (settings.dynamicConfigFile === undefined) return quorumConfigOf(properties, 0);
  if (dynamic === undefined) {
    throw new ServerError('ZK_CONFIG_FILE', `${settings.dynamicConfigFile} (dynamicConfigFile) was not read`);
  }
  const stray = [...properties.keys()].find(key => useOf(key) === 'membership');
  if (stray !== undefined) {
    throw badValue(
      stray,
      properties.get(stray) ?? '',
      `a place in ${dynamic.path}, since dynamicConfigFile is given`,
    );
  }
  const config = parseQuorumConfig(dynamic.text);
  const nameVersion = /\.dynamic\.([0-9a-f]+)$/.exec(dynamic.path)?.[1];
  return nameVersion === undefined ? config : { ...config, version: parseVersion(nameVersion) };
}

/** What this server is in the ensemble; undefined: it stands alone. */
function memberOf(
  config: QuorumConfig,
  texts: ConfigTexts,
  settings: Settings,
  warnings: string[],
): QuorumMember | undefined {
  const servers = [...config.servers.values()];
  const voters = servers.filter(({ role }) => role === 'participant').length;
  const observers = servers.length - voters;
  if (voters === 0 && observers > 0)
    throw missing('server.N with the role participant', texts.path, 'observers');
  if (voters === 0 && !settings.standaloneEnabled) {
    throw missing('server.N with the role participant', texts.path, 'standaloneEnabled=false');
  }
  if (voters <= 1 && settings.standaloneEnabled) {
    if (observers > 0)
      throw missing('a second participant, or standaloneEnabled=false,', texts.path, 'observers');
    return undefined;
  }
  warnings.push(...membershipWarnings(servers, voters));
  const sid = readMyid(config, texts, settings);
  const role = config.servers.get(sid)?.role ?? 'participant';
  if (role !== settings.peerType) {
    warnings.push(`peerType=${settings.peerType}, but server.${sid} is ${role} by its line, which wins`);
  }
  return { sid, role, config };
}

function membershipWarnings(servers: readonly QuorumServer[], voters: number): string[] {
  const warnings: string[] = [];
  if (voters <= 2) warnings.push(`${voters} participants: no failure is tolerated; three tolerate one`);
  else if (voters % 2 === 0)
    warnings.push(`${voters} participants tolerate no more failures than ${voters - 1}`);
  const several = servers.filter(({ addresses }) => addresses.length > 1).map(({ sid }) => `server.${sid}`);
  if (several.length > 0) warnings.push(`several addresses of ${several.join(', ')}: the first is used`);
  return warnings;
}

function readMyid(config: QuorumConfig, texts: ConfigTexts, settings: Settings): number {
  const path = `${settings.dataDir}/myid`;
  const sids = [...config.servers.keys()].join(', ');
  if (texts.myid === undefined) {
    throw new ServerError('ZK_MYID', `${path} is missing; it holds the sid of this server, one of ${sids}`);
  }
  const line = texts.myid.split('\n', 1)[0]?.trim() ?? '';
  const sid = readInteger(line, 0, Number.MAX_SAFE_INTEGER);
  if (sid === undefined)
    throw new ServerError('ZK_MYID', `${path} holds "${line}"; accepted is one of ${sids}`);
  if (!config.servers.has(sid)) {
    throw new ServerError(
      'ZK_MYID',
      `${path} holds ${sid}, which has no server line; accepted is one of ${sids}`,
    );
  }
  return sid;
}

function timeouts(settings: Settings, inQuorum: boolean, path: string) {
  const { tickTimeMs, minSessionTimeout, maxSessionTimeout } = settings;
  const minSessionTimeoutMs = minSessionTimeout === -1 ? 2 * tickTimeMs : minSessionTimeout;
  const maxSessionTimeoutMs = maxSessionTimeout === -1 ? 20 * tickTimeMs : maxSessionTimeout;
  if (minSessionTimeoutMs > maxSessionTimeoutMs) {
    throw badValue(
      'minSessionTimeout',
      `${minSessionTimeoutMs}`,
      `at most maxSessionTimeout, ${maxSessionTimeoutMs} ms`,
    );
  }
  if (settings.minNotificationIntervalMs > settings.maxNotificationIntervalMs) {
    const accepts = `at most fastleader.maxNotificationInterval, ${settings.maxNotificationIntervalMs} ms`;
    throw badValue('fastleader.minNotificationInterval', `${settings.minNotificationIntervalMs}`, accepts);
  }
  const ticks = (value: number | undefined, key: string) =>
    inQuorum ? needed(value, key, path, 'an ensemble') : (value ?? 0);
  const initLimitMs = tickTimeMs * ticks(settings.initLimitTicks, 'initLimit');
  return {
    minSessionTimeoutMs,
    maxSessionTimeoutMs,
    initLimitMs,
    syncLimitMs: tickTimeMs * ticks(settings.syncLimitTicks, 'syncLimit'),
    connectToLearnerMasterLimitMs: tickTimeMs * settings.connectToLearnerMasterLimitTicks || initLimitMs,
  };
}

function clientAddresses(settings: Settings, ownLine: QuorumServer | undefined) {
  const { clientPort, clientPortAddress, secureClientPort, secureClientPortAddress } = settings;
  return {
    clientAddress: clientAddress('clientPort', clientPort, clientPortAddress, ownLine?.client),
    secureClientAddress: clientAddress(
      'secureClientPort',
      secureClientPort,
      secureClientPortAddress,
      ownLine?.secureClient,
    ),
  };
}

/** The server line's address, which the keys may repeat but not contradict. */
function clientAddress(
  key: string,
  port: number | undefined,
  host: string | undefined,
  fromLine: Address | undefined,
): Address | undefined {
  if (port === undefined) {
    if (host !== undefined && fromLine?.host !== host)
      throw badValue(`${key}Address`, host, `given together with ${key}`);
    return fromLine;
  }
  if (fromLine === undefined) return { host: host ?? ANY_HOST, port };
  const contradicts =
    port !== fromLine.port || (host !== undefined && host !== ANY_HOST && host !== fromLine.host);
  if (contradicts) {
    const value = formatAddress({ host: host ?? ANY_HOST, port });
    throw badValue(key, value, `what the server line says, ${formatAddress(fromLine)}, or nothing`);
  }
  return fromLine;
}

function needed<T>(value: T | undefined, key: string, path: string, by: string): T {
  if (value === undefined) throw missing(key, path, by);
  return value;
}

function missing(key: string, path: string, by: string): ServerError {
  return new ServerError('ZK_CONFIG_MISSING', `${key} is missing in ${path}: ${by} needs it`, { key });
}
