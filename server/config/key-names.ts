import { isMembershipKey } from '../membership/quorum-text.ts';
import { trimJava } from '../properties/java-values.ts';
import { usedKeys } from './config-keys.ts';
import { notYetUsedKey, notYetUsedKeys } from './keys-without-effect.ts';

const PREFIX = 'zookeeper.';

export type KeyUse = 'used' | 'membership' | 'notYetUsed' | 'unknown';

/** The name of a key without the prefix that it has upstream as a system property. */
export function canonicalKey(spelled: string): string {
  const key = trimJava(spelled);
  return key.startsWith(PREFIX) ? key.slice(PREFIX.length) : key;
}

/** Properties that upstream reads under their bare name alone. */
const BARE_PROPERTIES = new Set([
  'jute.maxbuffer',
  'readonlymode.enabled',
  'znode.container.checkIntervalMs',
  'znode.container.maxPerMinute',
  'znode.container.maxNeverUsedIntervalMs',
]);

/** Whether upstream reads a system property of this name. */
export function isPropertyName(name: string): boolean {
  return BARE_PROPERTIES.has(canonicalKey(name)) ? !name.startsWith(PREFIX) : name.startsWith(PREFIX);
}

/** Whether only zoo.cfg can set the key. */
export function isReadOnlyFromFile(key: string): boolean {
  return isMembershipKey(key) || Object.values(usedKeys).some(used => used.key === key && used.onlyInFile);
}

export function useOf(key: string): KeyUse {
  if (isMembershipKey(key)) return 'membership';
  if (Object.values(usedKeys).some(used => used.key === key)) return 'used';
  return notYetUsedKey(key) === undefined ? 'unknown' : 'notYetUsed';
}

/** Longer than any key. Longer names are not compared, because a comparison takes time with the length. */
const KEY_CHARS_MAX = 100;

/** The known key that is nearest to a mistyped one, or undefined. */
export function nearestKey(key: string): string | undefined {
  if (key.length > KEY_CHARS_MAX) return undefined;
  const known = [...Object.values(usedKeys).map(used => used.key), ...Object.keys(notYetUsedKeys)].filter(
    name => !name.endsWith('*'),
  );
  const limit = Math.max(1, Math.floor(key.length / 5));
  let nearest: string | undefined;
  let least = limit + 1;
  for (const name of known) {
    const distance = editDistance(key.toLowerCase(), name.toLowerCase());
    if (distance < least) {
      least = distance;
      nearest = name;
    }
  }
  return nearest;
}

/** Number of letters to insert, drop or replace to turn one word into the other (Levenshtein distance). */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const replaced = (previous[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1);
      current.push(Math.min(replaced, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}
