import type { QuorumMember } from '../membership/quorum-text.ts';
import {
  badValue,
  type ConfigKey,
  INT_MAX,
  needed,
  PORT_MAX,
  readKey,
  shortened,
} from '../properties/key-kinds.ts';
import { parseProperties } from '../properties/properties.ts';
import type { Address } from '../runtime/runtime.ts';
import { type JuteLimits, juteLimits } from '../wire/jute-limits.ts';
import { clientAddresses } from './client-address.ts';
import { type Settings, usedKeys } from './config-keys.ts';
import { javaPath, pathWarnings } from './config-paths.ts';
import { effectiveProperties } from './effective-properties.ts';
import { keysWithoutEffect, refuseRestrictions, SECRET_KEY, type UnknownKey } from './key-effects.ts';
import { type QuorumSasl, quorumSasl, refuseMisplacedSasl } from './quorum-sasl.ts';
import type { quorumSaslKeys } from './quorum-sasl-keys.ts';
import { type QuorumTls, quorumTls, refuseMisplacedTls } from './quorum-tls.ts';
import type { quorumTlsKeys } from './quorum-tls-keys.ts';
import { type ConfigTexts, lineOfStandalone, memberOf, readMembers } from './read-members.ts';
import { type StreamSettings, streamSettings } from './stream-settings.ts';

/** The configuration of one server, complete and checked. No other code applies a default. */
export interface ServerConfig extends Readonly<Omit<Settings, Resolved>> {
  /** Path of zoo.cfg. */
  readonly path: string;
  /** The text of zoo.cfg, unchanged. */
  readonly text: string;
  readonly dataDir: string;
  readonly dataLogDir: string;
  /** Undefined if this server accepts no clients, or only clients with TLS. */
  readonly clientAddress: Address | undefined;
  readonly secureClientAddress: Address | undefined;
  readonly minSessionTimeoutMs: number;
  readonly maxSessionTimeoutMs: number;
  readonly initLimitMs: number;
  readonly syncLimitMs: number;
  /** Limit on connecting to a leader or an observer master. */
  readonly connectToLearnerMasterLimitMs: number;
  /** Observers log to disk. */
  readonly observerSyncEnabled: boolean;
  /** What follows from jute.maxbuffer and jute.maxbuffer.extrasize. */
  readonly jute: JuteLimits;
  /** Undefined: standalone. */
  readonly quorum: QuorumMember | undefined;
  /** Undefined: no commit stream. */
  readonly stream: StreamSettings | undefined;
  /** Undefined: members speak plain text, or there are none. */
  readonly quorumTls: QuorumTls | undefined;
  /** Undefined: members do not authenticate, or there are none. */
  readonly quorumSasl: QuorumSasl | undefined;
  readonly notYetUsed: readonly { readonly key: string; readonly value: string }[];
  readonly unknownKeys: readonly UnknownKey[];
  /**
   * Warnings for the log at the start, one line each, about settings that may have been meant differently.
   */
  readonly warnings: readonly string[];
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
  | 'peerType'
  | 'syncEnabled'
  | keyof typeof quorumTlsKeys
  | keyof typeof quorumSaslKeys
  | 'observerSyncEnabled'
  | 'streamSink'
  | 'streamUrl'
  | 'streamName'
  | 'streamPasswordPath';

const SNAP_RETAIN_COUNT_MIN = 3;
const TLS_WITHOUT_MEMBERS =
  'sslQuorum and portUnification have no effect in a standalone server: they are about the ports between members';
const SASL_WITHOUT_MEMBERS =
  'quorum.auth.enableSasl has no effect in a standalone server: it is about the ports between members';

/**
 * @throws ServerError ZK_CONFIG_VALUE naming key, value and what is accepted; ZK_CONFIG_MISSING; ZK_MYID
 */
export function parseConfig(texts: ConfigTexts): ServerConfig {
  const warnings = [...(texts.warnings ?? [])];
  const file = parseProperties(texts.text, (key, replaced, by) => {
    if (replaced.trim() !== by.trim()) warnings.push(repetition(key, replaced, by));
  });
  const system = texts.systemProperties ?? new Map<string, string>();
  const { properties, misplaced } = effectiveProperties(file, system, warnings);
  const settings = readSettings(properties, warnings);
  const { dataDir, dataLogDir } = directories(settings, texts, warnings);
  const members = readMembers(properties, texts, settings);
  const quorum = memberOf(members, texts, settings, warnings);
  const ownLine = quorum ? members.servers.get(quorum.sid) : lineOfStandalone(members, texts, settings);
  const { clientAddress, secureClientAddress } = clientAddresses(settings, ownLine, warnings);
  refuseRestrictions(new Map([...misplaced, ...properties]), secureClientAddress);
  refuseMisplacedTls(misplaced, settings);
  refuseMisplacedSasl(misplaced, settings);
  if (settings.readOnlyModeEnabled && !settings.localSessionsEnabled)
    warnings.push(READ_ONLY_WITHOUT_SESSIONS);
  const observerSyncEnabled = settings.observerSyncEnabled ?? settings.syncEnabled;
  if (quorum?.role === 'observer') checkReadOnly(settings, observerSyncEnabled);
  const stream = streamSettings(
    settings,
    { isObserver: quorum?.role === 'observer', observerSyncEnabled },
    warnings,
  );
  const { notYetUsed, unknownKeys } = keysWithoutEffect(properties, warnings);
  if (!quorum && (settings.sslQuorum || settings.portUnification)) warnings.push(TLS_WITHOUT_MEMBERS);
  const sasl = quorumSasl(settings, properties, system);
  if (!quorum && sasl) warnings.push(SASL_WITHOUT_MEMBERS);
  settle(settings, warnings);
  if (!quorum) needed(clientAddress, 'clientPort', texts.path, 'a standalone server');
  return {
    ...settings,
    path: texts.path,
    text: texts.text,
    ...timeouts(settings, quorum !== undefined, texts.path),
    dataDir,
    dataLogDir,
    observerSyncEnabled,
    clientAddress,
    secureClientAddress,
    jute: juteLimits(settings.juteMaxBufferBytes, settings.juteExtraBytes),
    quorum,
    stream,
    quorumTls: quorum === undefined ? undefined : quorumTls(settings, texts.path, system),
    quorumSasl: quorum === undefined ? undefined : sasl,
    notYetUsed,
    unknownKeys,
    warnings,
  };
}

function directories(settings: Settings, texts: ConfigTexts, warnings: string[]) {
  const pathOf = (key: 'dataDir' | 'dataLogDir', text: string): string => {
    const path = texts.paths?.get(key) ?? javaPath(text);
    warnings.push(...pathWarnings(key, path));
    return path;
  };
  const dataDir = pathOf('dataDir', needed(settings.dataDir, 'dataDir', texts.path, 'every server'));
  const dataLogDir = settings.dataLogDir === undefined ? dataDir : pathOf('dataLogDir', settings.dataLogDir);
  return { dataDir, dataLogDir };
}

const READ_ONLY_WITHOUT_SESSIONS =
  'readonlymode.enabled=true has no effect without localSessionsEnabled=true: a read-only server opens local sessions alone';

/** Settings without which an observer cannot serve read-only clients while it has no master. */
function checkReadOnly(settings: Settings, logs: boolean): void {
  if (!settings.observerReadOnlyEnabled) return;
  const key = 'observer.readOnly.enabled';
  if (!settings.localSessionsEnabled)
    throw badValue(key, 'true', 'true together with localSessionsEnabled=true: only local sessions stay');
  if (!logs)
    throw badValue(
      key,
      'true',
      'true together with observer.syncEnabled=true: a sync is held back in the log',
    );
}

/** Replaces values as upstream does, with a warning. */
function settle(settings: Settings, warnings: string[]): void {
  const { snapRetainCount, adminPort, observerMasterPort } = settings;
  if (snapRetainCount < SNAP_RETAIN_COUNT_MIN) {
    warnings.push(
      `autopurge.snapRetainCount=${snapRetainCount} is too small; the minimum, ${SNAP_RETAIN_COUNT_MIN}, is used`,
    );
    settings.snapRetainCount = SNAP_RETAIN_COUNT_MIN;
  }
  if (settings.adminEnabled && (adminPort < 0 || adminPort > PORT_MAX)) {
    warnings.push(`admin.serverPort=${adminPort} is not a port, so there is no AdminServer`);
    settings.adminEnabled = false;
  }
  if (observerMasterPort > PORT_MAX) {
    warnings.push(`observerMasterPort=${observerMasterPort} is not a port, so there is no observer master`);
    settings.observerMasterPort = 0;
  }
}

/** Java takes the last of several values; the operator may have meant the first. */
function repetition(key: string, replaced: string, by: string): string {
  if (SECRET_KEY.test(key)) return `${shortened(key)} is set more than once; the last value is used`;
  const [name, first, last] = [key, replaced.trim(), by.trim()].map(shortened);
  return `${name} is set more than once, to ${first} and to ${last}; the last value, ${last}, is used`;
}

function readSettings(properties: ReadonlyMap<string, string>, warnings: string[]): Settings {
  const entries = Object.entries(usedKeys).map(([field, key]: [string, ConfigKey<unknown>]) => {
    const text = properties.get(key.key);
    return [field, text === undefined ? key.default : readKey(key, text, warnings)];
  });
  return Object.fromEntries(entries) as Settings;
}

function timeouts(settings: Settings, inQuorum: boolean, path: string) {
  const { tickTimeMs, minSessionTimeout, maxSessionTimeout } = settings;
  // The protocol tells clients the timeout in 32 bits.
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
  const ticksMs = (value: number | undefined, key: string): number => {
    const ticks = inQuorum ? needed(value, key, path, 'an ensemble') : Math.max(0, value ?? 0);
    if (ticks < 1 && inQuorum)
      throw badValue(key, `${ticks}`, `an integer from 1 to ${INT_MAX} in an ensemble`);
    return Math.min(tickTimeMs * ticks, INT_MAX);
  };
  const initLimitMs = ticksMs(settings.initLimitTicks, 'initLimit');
  return {
    minSessionTimeoutMs,
    maxSessionTimeoutMs,
    initLimitMs,
    syncLimitMs: ticksMs(settings.syncLimitTicks, 'syncLimit'),
    connectToLearnerMasterLimitMs:
      Math.min(tickTimeMs * settings.connectToLearnerMasterLimitTicks, INT_MAX) || initLimitMs,
  };
}
