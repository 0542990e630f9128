import { ServerError } from '../errors.ts';
import { shortened } from '../properties/key-kinds.ts';
import type { Address } from '../runtime/runtime.ts';
import { nearestKey, useOf } from './key-names.ts';
import { checkedOnlyKeys, keyWithoutEffect } from './keys-without-effect.ts';

export interface UnknownKey {
  readonly key: string;
  readonly value: string;
  readonly nearest: string | undefined;
}

/** Keys whose values must not be logged. */
export const SECRET_KEY = /passw|superDigest/i;

/**
 * Refuses settings that ask for a restriction which this server cannot enforce, because it would allow more
 * than its configuration says.
 *
 * @throws ServerError ZK_CONFIG_RESTRICTION
 */
export function refuseRestrictions(
  properties: ReadonlyMap<string, string>,
  secureClientAddress: Address | undefined,
): void {
  const asked: string[] = [];
  for (const [key, value] of properties) {
    const known = keyWithoutEffect(key);
    if (known?.restricts?.(value, properties)) asked.push(`${shown(key, value)} (${known.meaning})`);
  }
  if (secureClientAddress !== undefined && !properties.has('secureClientPort'))
    asked.push(`a secure client port in the server line (${checkedOnlyKeys.secureClientPort?.meaning})`);
  if (asked.length === 0) return;
  throw new ServerError(
    'ZK_CONFIG_RESTRICTION',
    `the configuration asks for ${asked.join(', ')}; this server does not implement that, and would be less restricted. ` +
      'Remove the setting to run without it, or run Apache ZooKeeper',
    { asked },
  );
}

function shown(key: string, value: string): string {
  return SECRET_KEY.test(key) ? shortened(key) : `${shortened(key)}=${shortened(value)}`;
}

/** Warns about keys without effect and about unknown keys. */
export function keysWithoutEffect(properties: ReadonlyMap<string, string>, warnings: string[]) {
  const notYetUsed: { key: string; value: string }[] = [];
  const unknownKeys: UnknownKey[] = [];
  for (const [key, value] of properties) {
    if (keyWithoutEffect(key) !== undefined) notYetUsed.push({ key, value });
    if (useOf(key) === 'unknown') unknownKeys.push({ key, value, nearest: nearestKey(key) });
  }
  if (notYetUsed.length > 0) {
    warnings.push(
      `these keys are known but without effect in this server: ${notYetUsed.map(({ key }) => key).join(', ')}`,
    );
  }
  for (const { key, nearest } of unknownKeys) {
    warnings.push(
      `unknown key ${shortened(key)}${nearest === undefined ? '' : `; did you mean ${nearest}?`}`,
    );
  }
  return { notYetUsed, unknownKeys };
}
