import { AuthProvider } from './auth-provider.ts';
import type { AuthenticationProvider } from './authentication-provider.ts';
import { DigestProvider, type DigestSettings } from './digest-provider.ts';
import { IpProvider } from './ip-provider.ts';
import { ExactMatcher, type Matcher } from './matcher.ts';
import { SuperProvider } from './super-provider.ts';
import { WorldProvider } from './world-provider.ts';

/** The schemes that a server knows. @see ProviderRegistry */
export class ProviderRegistry {
  readonly #byScheme: ReadonlyMap<string, AuthenticationProvider>;
  /** Stepped when a client connects. */
  readonly atConnect: readonly AuthenticationProvider[];

  constructor(providers: readonly AuthenticationProvider[]) {
    this.#byScheme = new Map(providers.map(provider => [provider.scheme, provider]));
    this.atConnect = providers.filter(({ atConnect }) => atConnect);
  }

  get(scheme: string): AuthenticationProvider | undefined {
    return this.#byScheme.get(scheme);
  }

  /**
   * Identities of an unknown scheme arrive in requests forwarded by servers that know it. They match entries
   * that are equal.
   */
  matcherOf(scheme: string): Matcher {
    return this.get(scheme)?.matches() ?? new ExactMatcher();
  }
}

/** The providers of a configuration, and those given in addition. */
export function providersOf(
  settings: DigestSettings,
  besides: readonly AuthenticationProvider[] = [],
): ProviderRegistry {
  return new ProviderRegistry([
    new WorldProvider(),
    new AuthProvider(),
    new IpProvider(),
    new SuperProvider(),
    new DigestProvider(settings),
    ...besides,
  ]);
}
