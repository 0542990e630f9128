import { type AuthClient, type AuthStep, type Exchange, FAILED } from '../auth/authentication-provider.ts';
import type { ProviderRegistry } from '../auth/provider-registry.ts';
import type { Id } from '../wire/acl.ts';

/**
 * Limit on the identities of one connection. All of them go with every write that a learner forwards.
 * Upstream has no limit but the size of a frame.
 */
const IDENTITIES_MAX = 100;
export const IDENTITY_BYTES_MAX = 100 * 1024;

/**
 * The identities of a client, as ACLs see them: those of its connection, and those that it has proven since.
 */
export class ClientIdentities {
  readonly #client: AuthClient;
  readonly #providers: ProviderRegistry;
  readonly #ids: Id[] = [];
  /** Exchanges that wait for the answer to a challenge, by scheme. */
  readonly #exchanges = new Map<string, Exchange>();
  #bytes = 0;

  constructor(client: AuthClient, providers: ProviderRegistry) {
    this.#client = client;
    this.#providers = providers;
  }

  /** The same array for as long as the connection lasts: requests under way see what is proven meanwhile. */
  get all(): readonly Id[] {
    return this.#ids;
  }

  /** Bytes of the identities that the client has proven. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Called once, before anything else. False when a provider refuses the connection. */
  connected(): boolean {
    return this.#providers.atConnect.every(provider => {
      const step = provider.step(null, this.#client);
      if (step.kind !== 'proven') return false;
      this.#ids.push(...step.ids);
      return true;
    });
  }

  knows(scheme: string): boolean {
    return this.#providers.get(scheme) !== undefined;
  }

  /**
   * Takes a token of the client and adds the identity that it proves. Fails when the identities exceed their
   * limit.
   */
  step(scheme: string, token: Buffer | null): AuthStep {
    const exchange = this.#exchanges.get(scheme) ?? this.#providers.get(scheme);
    this.#exchanges.delete(scheme);
    const step = exchange?.step(token, this.#client) ?? FAILED;
    if (step.kind === 'challenge') this.#exchanges.set(scheme, step.next);
    return step.kind === 'proven' && !step.ids.every(id => this.#add(id)) ? FAILED : step;
  }

  #add({ scheme, id }: Id): boolean {
    if (this.#ids.some(own => own.scheme === scheme && own.id === id)) return true;
    this.#bytes += Buffer.byteLength(scheme) + Buffer.byteLength(id);
    if (this.#bytes > IDENTITY_BYTES_MAX || this.#ids.length >= IDENTITIES_MAX) return false;
    this.#ids.push({ scheme, id });
    return true;
  }
}
