import { formatAddress } from '../runtime/addresses/host-address.ts';
import type { Address } from '../runtime/runtime.ts';

/**
 * Addresses of one port of a member, as upstream's MultipleAddresses looks in JSON. Nothing is dialed to find
 * out which can be reached: all are taken for reachable, as upstream takes a single one.
 */
export function multipleAddresses(addresses: readonly Address[]) {
  const all = addresses.map(formatAddress);
  const ports = [...new Set(addresses.map(({ port }) => port))];
  const one = all[0] ?? null;
  return {
    empty: all.length === 0,
    all_addresses: all,
    all_reachable_addresses: all,
    one,
    reachable_address: one,
    wildcard_addresses: ports.map(port => formatAddress({ host: '0.0.0.0', port })),
    all_ports: ports,
    all_host_strings: [...new Set(addresses.map(({ host }) => host))],
    all_reachable_addresses_or_all: all,
    reachable_or_one: one,
  };
}
