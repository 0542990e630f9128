import { type Configuration, configurationFromText } from './configuration.ts';
import type { Membership } from './membership.ts';

/**
 * True when the configuration comes from files alone, so that no leader and no reconfiguration has given it a
 * version.
 */
export function hasNoVersion({ committed, lastSeen }: Membership): boolean {
  return committed.verifier.version === 0 && lastSeen.verifier.version === 0;
}

/** The same configuration under another version. */
export function atVersion({ verifier }: Configuration, version: number): Configuration {
  const lines = verifier.text.replace(/^version=.*$/m, '');
  return configurationFromText(`${lines.trimEnd()}\nversion=${version.toString(16)}`);
}
