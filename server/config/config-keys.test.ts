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
  // One value is accepted.
  'electionAlg',
];

/** The code that a configuration can have an effect on. */
function code(): string {
  const names = readdirSync(SERVER, { recursive: true, encoding: 'utf8' });
  return names
    .filter(name => /(?<!\.test|\.test-kit)\.js$/.test(name) && !/^(config|interop)\//.test(name))
    .map(name => readFileSync(join(SERVER, name), 'utf8'))
    .join('\n');
}

test('what the start calls without effect has none, and the rest has one', () => {
  const everything = code();
  for (const [field, { key }] of Object.entries(usedKeys)) {
    if (RESOLVED.includes(field)) continue;
    const isRead = new RegExp(`\\bconfig\\.${field}\\b|[{,]\\s*${field}\\b`).test(everything);
    if (field.startsWith('secureClientPort')) assert.ok(Object.hasOwn(checkedOnlyKeys, key), key);
    else assert.is(isRead, !Object.hasOwn(checkedOnlyKeys, key), key);
  }
});
