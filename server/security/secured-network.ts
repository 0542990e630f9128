import type { QuorumTls } from '../config/quorum-tls.ts';
import type { ErrorCodeName } from '../errors.ts';
import { formatAddress } from '../runtime/host-address.ts';
import { RatedLog } from '../runtime/rated-log.ts';
import type { Address, Disk, Network } from '../runtime/runtime.ts';
import { TlsRefusal } from '../runtime/tls-refusal.ts';
import { QuorumSecurity, type QuorumSecurityParts } from './quorum-security.ts';

/**
 * The network between members, with TLS where the configuration asks for it. @throws ServerError
 * ZK_KEY_STORE
 */
export function memberNetwork(
  { disk, network }: { readonly disk: Disk; readonly network: Network },
  parts: Pick<QuorumSecurityParts, 'clock' | 'logger'>,
  tls: QuorumTls | undefined,
): { readonly network: Network; close(): void } {
  if (tls === undefined) return { network, close() {} };
  const security = new QuorumSecurity({ ...parts, disk, network }, tls);
  return { network: securedNetwork(network, security, parts), close: () => security.close() };
}

/** Limit on the addresses whose last refusal is remembered. */
const TOLD_MAX = 1000;

/**
 * The network between members: all that listens and dials through it is secured. A dial that TLS ends is
 * logged once for each address and reason, since it is tried again and again.
 */
function securedNetwork(
  network: Network,
  security: QuorumSecurity,
  parts: Pick<QuorumSecurityParts, 'clock' | 'logger'>,
): Network {
  const lines = new RatedLog(parts);
  const told = new Map<string, string>();
  const code: ErrorCodeName = 'ZK_TLS_PEER';

  const tell = (address: Address, reason: string): void => {
    const member = formatAddress(address);
    if (told.get(member) === reason) return;
    if (told.size >= TOLD_MAX) told.clear();
    told.set(member, reason);
    lines.warn('refused members', `no TLS with ${member}: ${reason}`, { code, member });
  };

  return {
    listen: (address, events, options) =>
      network.listen(address, events, { ...options, security: security.port }),
    connect(address, timeoutMs, { onConnected, onError }) {
      const context = security.dials;
      const events = {
        onConnected(connection: Parameters<typeof onConnected>[0]) {
          told.delete(formatAddress(address));
          onConnected(connection);
        },
        onError(error: Error) {
          if (error instanceof TlsRefusal) tell(address, error.message);
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
