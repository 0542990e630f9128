import { formatAddress, isAnyHost } from '../runtime/host-address.ts';
import type { Address } from '../runtime/runtime.ts';
import type { QuorumServer } from './quorum-server.ts';

/**
 * An address of `server` that another server has already, in words; null when there is none. The wildcard and
 * the loopback addresses do not count, since each machine has its own. Names are compared as they are
 * written: looking them up takes time that a leader does not have.
 *
 * @see QuorumServer.checkAddressDuplicate
 */
export function addressConflict(server: QuorumServer, others: Iterable<QuorumServer>): string | null {
  const own = new Set(addressesOf(server));
  for (const other of others) {
    if (other.sid === server.sid) continue;
    const shared = addressesOf(other).find(address => own.has(address));
    if (shared !== undefined)
      return `server.${server.sid} and server.${other.sid} both have the address ${shared}`;
  }
  return null;
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
