import type { Network } from '../runtime/runtime.ts';
import { TlsRefusal } from '../runtime/tls/tls-refusal.ts';
import type { QuorumSecurity, QuorumSecurityParts } from './quorum-security.ts';
import { RefusedDials } from './refused-dials.ts';

/** The network between members with TLS: everything that listens and dials through it is secured. */
export function securedNetwork(
  network: Network,
  security: QuorumSecurity,
  parts: Pick<QuorumSecurityParts, 'clock' | 'logger'>,
): Network {
  const refused = new RefusedDials(parts, 'ZK_TLS_PEER', 'no TLS with');
  return {
    listen: (address, events, options) =>
      network.listen(address, events, { ...options, security: security.port }),
    connect(address, timeoutMs, { onConnected, onError }) {
      const context = security.dials;
      const events = {
        onConnected(connection: Parameters<typeof onConnected>[0]) {
          refused.reached(address);
          onConnected(connection);
        },
        onError(error: Error) {
          if (error instanceof TlsRefusal) refused.tell(address, error.message);
          onError(error);
        },
      };
      return network.connect(
        address,
        timeoutMs,
        context === undefined ? { onConnected, onError } : events,
        context,
      );
    },
    addressesOf: (host, done) => network.addressesOf(host, done),
    problemWith: context => network.problemWith(context),
  };
}
