import { networkInterfaces } from 'node:os';
import { silentLogger } from '../logging/logger.ts';
import { NameLookup } from './name-lookup.ts';

export const IPV4_LOOPBACK = '127.0.0.1';
export const IPV6_LOOPBACK = '::1';

/** Whether this machine has IPv6 at all.*/
export const HAS_IPV6 = Object.values(networkInterfaces()).some(all =>
  all?.some(({ address }) => address === IPV6_LOOPBACK),
);

/** Answers look-ups as /etc/hosts would: a name without addresses is unknown. */
export function namesOf(
  hosts: Readonly<Record<string, readonly string[]>>,
  logger = silentLogger,
): NameLookup {
  return new NameLookup(logger, (host, done) => {
    const addresses = hosts[host] ?? [];
    const unknown = Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), {
      code: 'ENOTFOUND',
      syscall: 'getaddrinfo',
    });
    setImmediate(() =>
      done(
        addresses.length === 0 ? unknown : null,
        addresses.map(address => ({ address })),
      ),
    );
  });
}
