import { trimJava } from '../properties/java-values.ts';
import { shortened } from '../properties/key-kinds.ts';
import { canonicalKey, isPropertyName, isReadOnlyFromFile, useOf } from './key-names.ts';

export interface EffectiveProperties {
  /** Key -> value, of all keys that count. */
  readonly properties: ReadonlyMap<string, string>;
  /** Known keys that are set where nobody reads them, so that they have no effect, here or upstream. */
  readonly misplaced: ReadonlyMap<string, string>;
}

/**
 * Joins zoo.cfg and the system properties (`-Dname=value`) as upstream does. A key of zoo.cfg that no code
 * parses becomes the system property `zookeeper.<key>`, in place of one from the command line. So a key of
 * zoo.cfg that has the prefix already sets nothing, and neither does a `-D` for what only zoo.cfg can say.
 */
export function effectiveProperties(
  file: ReadonlyMap<string, string>,
  system: ReadonlyMap<string, string>,
  warnings: string[],
): EffectiveProperties {
  const properties = new Map<string, string>();
  const misplaced = new Map<string, string>();
  const used: string[] = [];
  for (const [name, value] of system) {
    const key = canonicalKey(name);
    // A JVM has many properties that are not ZooKeeper's.
    if (useOf(key) === 'unknown') continue;
    if (isPropertyName(name) && !isReadOnlyFromFile(key)) {
      properties.set(key, trimJava(value));
      used.push(name);
    } else if (key !== name) misplaced.set(key, trimJava(value));
  }
  if (used.length > 0) warnings.push(`system properties are set: ${used.map(shortened).join(', ')}`);
  warnings.push(
    ...[...misplaced.keys()].map(
      key => `-Dzookeeper.${key} has no effect, as with Apache ZooKeeper; set ${key} in zoo.cfg`,
    ),
  );
  for (const [spelled, text] of file) {
    const name = trimJava(spelled);
    const key = canonicalKey(name);
    if (key === name || useOf(key) === 'unknown') {
      properties.set(name, trimJava(text));
      continue;
    }
    misplaced.set(key, trimJava(text));
    const said = shortened(key);
    warnings.push(`zookeeper.${said} has no effect in zoo.cfg, as with Apache ZooKeeper; write ${said}`);
  }
  return { properties, misplaced };
}
