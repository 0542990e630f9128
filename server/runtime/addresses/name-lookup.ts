import { lookup } from 'node:dns';
import { isIP } from 'node:net';
import { printable } from '../../printable.ts';
import type { Logger } from '../logging/logger.ts';
import { canonicalHost } from './host-address.ts';

/** The form of `dns.lookup` with all addresses. */
export type Resolve = (
  host: string,
  done: (error: Error | null, addresses: readonly { readonly address: string }[]) => void,
) => void;

export interface Lookup {
  /** Nothing is called after this. */
  cancel(): void;
}

type Done = (error: Error | null, addresses: readonly string[]) => void;

/** Number of unresolved names that are remembered, so that each is logged once. */
const TOLD_MAX = 1000;

/**
 * Finds all addresses of a host as the system knows them now: members move, and names of containers come
 * later than the containers (ZOOKEEPER-2184). Concurrent look-ups of one name are one, since the system has
 * few threads for them.
 */
export class NameLookup {
  readonly #resolve: Resolve;
  readonly #logger: Logger;
  readonly #waiting = new Map<string, Set<Done>>();
  readonly #told = new Set<string>();

  constructor(
    logger: Logger,
    resolve: Resolve = (host, done) => lookup(host, { all: true }, (error, all) => done(error, all ?? [])),
  ) {
    this.#logger = logger;
    this.#resolve = resolve;
  }

  /** Finds the addresses of a host, IPv4 first, as Java orders them. `done` never runs during this call. */
  find(host: string, done: Done): Lookup {
    let waiting = this.#waiting.get(host);
    if (waiting === undefined) {
      waiting = new Set();
      this.#waiting.set(host, waiting);
      this.#resolve(host, (error, addresses) => this.#found(host, error, addresses));
    }
    const each: Done = (error, addresses) => done(error, addresses);
    waiting.add(each);
    return { cancel: () => void this.#waiting.get(host)?.delete(each) };
  }

  #found(host: string, error: Error | null, found: readonly { readonly address: string }[]): void {
    const waiting = this.#waiting.get(host) ?? [];
    this.#waiting.delete(host);
    const addresses = [...new Set(found.map(({ address }) => canonicalHost(address)))];
    addresses.sort((a, b) => isIP(a) - isIP(b));
    this.#tell(host, error);
    for (const done of waiting) done(error, addresses);
  }

  #tell(host: string, error: Error | null): void {
    if (error === null) {
      if (this.#told.delete(host)) this.#logger.info(`the name ${printable(host)} can be resolved now`);
    } else if (!this.#told.has(host) && this.#told.size < TOLD_MAX) {
      this.#told.add(host);
      this.#logger.warn(
        `the name ${printable(host)} cannot be resolved: ${error.message}; it is looked up again each time it is needed`,
      );
    }
  }
}
