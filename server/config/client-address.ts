import type { Address } from '../runtime/runtime.ts';
import type { Settings } from './config-keys.ts';
import { badValue } from './key-kinds.ts';
import { ANY_HOST, formatAddress, type QuorumServer } from './quorum-server.ts';

/** Where this server listens for clients, without and with TLS. @throws ServerError ZK_CONFIG_VALUE */
export function clientAddresses(settings: Settings, ownLine: QuorumServer | undefined) {
  const { clientPort, clientPortAddress, secureClientPort, secureClientPortAddress } = settings;
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
