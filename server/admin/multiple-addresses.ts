import { formatAddress } from '../runtime/addresses/host-address.ts';
import type { Address } from '../runtime/runtime.ts';

/**
 * Addresses of one port of a member, in the JSON form of upstream's MultipleAddresses. This server dials none
 * of them to find out whether it is reachable: it reports all as reachable, as upstream does with a single
 * one.
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
