import { formatAddress, isAnyHost } from '../runtime/addresses/host-address.ts';
import type { Address } from '../runtime/runtime.ts';
import type { QuorumServer } from './quorum-server.ts';

/**
 * The addresses of the servers of an ensemble, of which no two may have the same. The wildcard and the
 * loopback addresses do not count, since each machine has its own. Names are compared as they are written:
 * looking them up takes time that a leader does not have.
 *
 * @see QuorumServer.checkAddressDuplicate
 */
export class TakenAddresses {
  /** Sids by address. The configuration may have had an address twice before. */
  readonly #sids = new Map<string, Set<number>>();

  constructor(servers: Iterable<QuorumServer>) {
    for (const server of servers) this.add(server);
  }

  add(server: QuorumServer): void {
    for (const address of addressesOf(server)) {
      const sids = this.#sids.get(address);
      if (sids === undefined) this.#sids.set(address, new Set([server.sid]));
      else sids.add(server.sid);
    }
  }

  remove(server: QuorumServer): void {
    for (const address of addressesOf(server)) this.#sids.get(address)?.delete(server.sid);
  }

  /** Says which address of `server` another server has; null when there is none. */
  conflictOf(server: QuorumServer): string | null {
    for (const address of addressesOf(server)) {
      for (const sid of this.#sids.get(address) ?? [])
        if (sid !== server.sid)
          return `server.${server.sid} and server.${sid} both have the address ${address}`;
    }
    return null;
  }
}

function addressesOf({ addresses, client, secureClient }: QuorumServer): string[] {
  const all: (Address | undefined)[] = addresses.flatMap(({ host, quorumPort, electionPort }) => [
    { host, port: quorumPort },
    { host, port: electionPort },
  ]);
  all.push(client, secureClient);
  return all
    .filter(address => address !== undefined)
    .filter(({ host }) => isDistinct(host))
    .map(formatAddress);
}

const LOOPBACK = /^(127\..*|localhost|0:0:0:0:0:0:0:1)$/i;

function isDistinct(host: string): boolean {
  return !isAnyHost(host) && !LOOPBACK.test(host);
}
