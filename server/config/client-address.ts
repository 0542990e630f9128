import type { Address } from '../runtime/runtime.ts';
import type { Settings } from './config-keys.ts';
import { badValue } from './key-kinds.ts';
import { ANY_HOST, formatAddress, type QuorumServer } from './quorum-server.ts';

/** Where this server listens for clients, without and with TLS. @throws ServerError ZK_CONFIG_VALUE */
export function clientAddresses(settings: Settings, ownLine: QuorumServer | undefined) {
  const { clientPort, secureClientPort } = settings;
  const clientPortAddress = withoutBrackets(settings.clientPortAddress);
  const secureClientPortAddress = withoutBrackets(settings.secureClientPortAddress);
  return {
    clientAddress: clientAddress('clientPort', clientPort, clientPortAddress, ownLine?.client),
    secureClientAddress: clientAddress(
      'secureClientPort',
      secureClientPort,
      secureClientPortAddress,
      ownLine?.secureClient,
    ),
  };
}

/** Java takes an IPv6 address either way. */
function withoutBrackets(host: string | undefined): string | undefined {
  return host?.replace(/^\[(.*:.*)\]$/, '$1');
}

/** The server line's address, which the keys may repeat but not contradict. */
function clientAddress(
  key: string,
  port: number | undefined,
  host: string | undefined,
  fromLine: Address | undefined,
): Address | undefined {
  if (port === undefined) {
    if (host !== undefined && fromLine?.host !== host)
      throw badValue(`${key}Address`, host, `given together with ${key}`);
    return fromLine;
  }
  if (fromLine === undefined) return { host: host ?? ANY_HOST, port };
  const contradicts =
    port !== fromLine.port || (host !== undefined && host !== ANY_HOST && host !== fromLine.host);
  if (contradicts) {
    const value = formatAddress({ host: host ?? ANY_HOST, port });
    throw badValue(key, value, `what the server line says, ${formatAddress(fromLine)}, or nothing`);
  }
  return fromLine;
}
