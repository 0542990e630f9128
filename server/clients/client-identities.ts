import type { Id } from '../wire/acl.ts';
import { authenticate, IDENTITIES_MAX } from './authentication.ts';

/** Who a client is, to ACLs: its address, and what it has proven since. */
export class ClientIdentities {
  readonly #ids: Id[];

  constructor(address: string) {
    this.#ids = [{ scheme: 'ip', id: address }];
  }

  /** The same array for as long as the connection lasts: requests under way see what is proven meanwhile. */
  get all(): readonly Id[] {
    return this.#ids;
  }

  /** Adds what `auth` proves. False when it proves nothing, or more than is kept. */
  prove(scheme: string, auth: Buffer | null, superDigest: string | undefined): boolean {
    const proven = authenticate(scheme, auth, superDigest);
    for (const id of proven ?? []) {
      if (!this.#ids.some(own => own.scheme === id.scheme && own.id === id.id)) this.#ids.push(id);
    }
    return proven !== null && this.#ids.length <= IDENTITIES_MAX;
  }
}

/** IPv4 written as IPv6 is the same client. */
export function bareAddress(host: string): string {
  return host.startsWith('::ffff:') ? host.slice(7) : host;
}
