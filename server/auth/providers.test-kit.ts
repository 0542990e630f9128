import type { Acl, Id } from '../wire/acl.ts';
import type { AuthenticationProvider } from './authentication-provider.ts';
import type { DigestSettings } from './digest-provider.ts';
import { type ProviderRegistry, providersOf } from './provider-registry.ts';

/** The providers of a default configuration with these `settings`. */
export function testProviders(
  settings: Partial<DigestSettings> = {},
  besides: readonly AuthenticationProvider[] = [],
): ProviderRegistry {
  const defaults = { digestAuthEnabled: true, digestAlgorithm: 'sha1', superDigest: undefined } as const;
  return providersOf({ ...defaults, ...settings }, besides);
}

export const ALICE: Id = { scheme: 'digest', id: 'alice:hash' };
export const BOB: Id = { scheme: 'digest', id: 'bob:hash' };
export const LOCAL: Id = { scheme: 'ip', id: '127.0.0.1' };
export const SUPER: Id = { scheme: 'super', id: '' };

export function aclOf(perms: number, scheme: string, id: string): Acl {
  return { perms, id: { scheme, id } };
}
