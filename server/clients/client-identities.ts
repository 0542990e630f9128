import type { Id } from '../wire/acl.ts';
import { type AuthenticationSettings, authenticate } from './authentication.ts';

/**
 * Of one connection, all together: they go with every write that a learner forwards. Upstream has no limit
 * but the frame's.
 */
const IDENTITIES_MAX = 100;
export const IDENTITY_BYTES_MAX = 100 * 1024;

/** Who a client is, to ACLs: its address, and what it has proven since. */
export class ClientIdentities {
  readonly #ids: Id[];
  #bytes = 0;

  constructor(address: string) {
    this.#ids = [{ scheme: 'ip', id: address }];
  }

  /** The same array for as long as the connection lasts: requests under way see what is proven meanwhile. */
  get all(): readonly Id[] {
    return this.#ids;
  }

  /** Of what it has proven. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Adds what `auth` proves. False when it proves nothing, or more than is kept. */
  prove(scheme: string, auth: Buffer | null, settings: AuthenticationSettings): boolean {
    const proven = authenticate(scheme, auth, settings);
    return proven?.every(id => this.#add(id)) ?? false;
  }

  #add({ scheme, id }: Id): boolean {
    if (this.#ids.some(own => own.scheme === scheme && own.id === id)) return true;
    this.#bytes += Buffer.byteLength(scheme) + Buffer.byteLength(id);
    if (this.#bytes > IDENTITY_BYTES_MAX || this.#ids.length >= IDENTITIES_MAX) return false;
    this.#ids.push({ scheme, id });
    return true;
  }
}
