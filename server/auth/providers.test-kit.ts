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
