import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { assert, suite } from '#test';
import { usedKeys } from './config-keys.ts';
import { checkedOnlyKeys } from './keys-without-effect.ts';
import { quorumSaslKeys } from './quorum-sasl-keys.ts';
import { quorumTlsKeys } from './quorum-tls-keys.ts';

const test = suite('config: which keys have an effect');

const SERVER = fileURLToPath(new URL('..', import.meta.url));
/** Fields of the settings that ServerConfig has under other names, or that decide what else it has. */
const RESOLVED = [
  'juteMaxBufferBytes',
  'juteExtraBytes',
  'initLimitTicks',
  'syncLimitTicks',
  'connectToLearnerMasterLimitTicks',
  'minSessionTimeout',
  'maxSessionTimeout',
  'clientPort',
  'clientPortAddress',
  'peerType',
  'standaloneEnabled',
  'dynamicConfigFile',
  'syncEnabled',
  'streamSink',
  'streamUrl',
  'streamName',
  'streamPasswordPath',
  ...Object.keys(quorumTlsKeys),
  ...Object.keys(quorumSaslKeys),
  // Only one value is accepted.
  'electionAlg',
];

/** The code on which a configuration can have an effect. */
function code(): string {
  const names = readdirSync(SERVER, { recursive: true, encoding: 'utf8' });
  return names
    .filter(name => /(?<!\.test|\.test-kit)\.js$/.test(name) && !/^(config|interop)\//.test(name))
    .map(name => readFileSync(join(SERVER, name), 'utf8'))
    .join('\n');
}

test('keys that the start reports as without effect have none, and all others have one', () => {
  const everything = code();
  for (const [field, { key }] of Object.entries(usedKeys)) {
    if (RESOLVED.includes(field)) continue;
    const isRead = new RegExp(`\\bconfig\\.${field}\\b|[{,]\\s*${field}\\b`).test(everything);
    if (field.startsWith('secureClientPort')) assert.ok(Object.hasOwn(checkedOnlyKeys, key), key);
    else assert.is(isRead, !Object.hasOwn(checkedOnlyKeys, key), key);
  }
});

/** The keys that QuorumPeerConfig gives a field of its own; it makes a system property of every other key. */
const PARSED_UPSTREAM = [
  ...['tickTime', 'initLimit', 'syncLimit', 'connectToLearnerMasterLimit', 'dataDir', 'dataLogDir'],
  ...['clientPort', 'clientPortAddress', 'secureClientPort', 'secureClientPortAddress'],
  ...['clientPortListenBacklog', 'maxClientCnxns', 'minSessionTimeout', 'maxSessionTimeout'],
  ...['localSessionsEnabled', 'localSessionsUpgradingEnabled', 'standaloneEnabled', 'reconfigEnabled'],
  ...['dynamicConfigFile', 'peerType', 'electionAlg', 'quorumListenOnAllIPs', 'oraclePath', 'syncEnabled'],
  ...['observerMasterPort', 'autopurge.snapRetainCount', 'autopurge.purgeInterval', 'sslQuorum'],
  ...['portUnification', 'sslQuorumReloadCertFiles', 'quorum.auth.enableSasl'],
  ...[
    'quorum.auth.serverRequireSasl',
    'quorum.auth.learnerRequireSasl',
    'quorum.auth.server.saslLoginContext',
  ],
  ...['quorum.auth.learner.saslLoginContext', 'metricsProvider.className'],
  ...['metricsProvider.httpHost', 'metricsProvider.httpPort'],
];
/** Keys that only this server has. */
const OURS = /^observer\.stream\./;

test('field report C1: what upstream reads as a system property may come from the command line', () => {
  for (const { key, onlyInFile } of Object.values(usedKeys))
    if (!OURS.test(key)) assert.is(onlyInFile, PARSED_UPSTREAM.includes(key), key);
});
