import type { Address } from '../runtime/runtime.ts';
import { clientAddresses } from './client-address.ts';
import { checkedOnlyKeys, type Settings, usedKeys } from './config-keys.ts';
import { badValue, type ConfigKey, INT_MAX, needed, readKey, shortened } from './key-kinds.ts';
import { canonicalKey, nearestKey, useOf } from './key-names.ts';
import { type ConfigTexts, memberOf, type QuorumMember, readMembers } from './membership.ts';
import { parseProperties } from './properties.ts';

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
const TTL_NODES_STAY =
  'extendedTypesEnabled=true: TTL nodes that Apache ZooKeeper made are known as such, but this server makes none and deletes none when their time is over';

/**
 * @throws ServerError ZK_CONFIG_VALUE naming key, value and what is accepted; ZK_CONFIG_MISSING; ZK_MYID
 */
export function parseConfig(texts: ConfigTexts): ServerConfig {
  const warnings: string[] = [];
  const properties = canonicalProperties(
    parseProperties(texts.text, (key, replaced, by) => {
      if (replaced.trim() !== by.trim()) warnings.push(repetition(key, replaced, by));
    }),
  );
  const settings = readSettings(properties);
  const dataDir = needed(settings.dataDir, 'dataDir', texts.path, 'every server');
  const members = readMembers(properties, texts, settings);
  const quorum = memberOf(members, texts, settings, warnings);
  const ownLine = quorum ? quorum.config.servers.get(quorum.sid) : [...members.servers.values()][0];
  const { notYetUsed, unknownKeys } = keysWithoutEffect(properties, warnings);
  if (settings.extendedTypesEnabled) warnings.push(TTL_NODES_STAY);
  if (settings.snapRetainCount < SNAP_RETAIN_COUNT_MIN) {
    warnings.push(
      `autopurge.snapRetainCount=${settings.snapRetainCount}: ${SNAP_RETAIN_COUNT_MIN} is the least, and used`,
    );
    settings.snapRetainCount = SNAP_RETAIN_COUNT_MIN;
  }

  const { clientAddress, secureClientAddress } = clientAddresses(settings, ownLine);
  if (!quorum) needed(clientAddress ?? secureClientAddress, 'clientPort', texts.path, 'a standalone server');
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

/** Values that no log should have. */
const SECRET_KEY = /passw|superDigest/i;

/** As Java reads the file; whoever wrote it may have meant the other. */
function repetition(key: string, replaced: string, by: string): string {
  if (SECRET_KEY.test(key)) return `${shortened(key)} stands there more than once: the last is used`;
  const [name, first, last] = [key, replaced.trim(), by.trim()].map(shortened);
  return `${name} stands there more than once, as ${first} and as ${last}: ${last} is used, the last`;
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
    if (use === 'notYetUsed' || checkedOnlyKeys.has(key)) notYetUsed.push({ key, value });
    if (use === 'unknown') unknownKeys.push({ key, value, nearest: nearestKey(key) });
  }
  if (notYetUsed.length > 0) {
    warnings.push(`known keys without effect in this server: ${notYetUsed.map(({ key }) => key).join(', ')}`);
  }
  for (const { key, nearest } of unknownKeys) {
    warnings.push(`unknown key ${shortened(key)}${nearest === undefined ? '' : `; is ${nearest} meant?`}`);
  }
  return { notYetUsed, unknownKeys };
}

function timeouts(settings: Settings, inQuorum: boolean, path: string) {
  const { tickTimeMs, minSessionTimeout, maxSessionTimeout } = settings;
  // Clients are told the timeout in 32 bits.
  const minSessionTimeoutMs =
    minSessionTimeout === -1 ? Math.min(2 * tickTimeMs, INT_MAX) : minSessionTimeout;
  const maxSessionTimeoutMs =
    maxSessionTimeout === -1 ? Math.min(20 * tickTimeMs, INT_MAX) : maxSessionTimeout;
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
