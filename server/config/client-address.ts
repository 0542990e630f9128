import type { QuorumServer } from '../membership/quorum-server.ts';
import { badValue } from '../properties/key-kinds.ts';
import {
  ANY_HOST,
  canonicalHost,
  formatAddress,
  ipAddress,
  isAnyHost,
} from '../runtime/addresses/host-address.ts';
import type { Address } from '../runtime/runtime.ts';
import type { Settings } from './config-keys.ts';

/** What Java makes of an empty address. */
const LOOPBACK = '127.0.0.1';

/** Where this server listens for clients, without and with TLS. @throws ServerError ZK_CONFIG_VALUE */
export function clientAddresses(
  settings: Settings,
  ownLine: QuorumServer | undefined,
  warnings: string[],
): { clientAddress: Address | undefined; secureClientAddress: Address | undefined } {
  const { clientPort, clientPortAddress, secureClientPort, secureClientPortAddress } = settings;
  return {
    clientAddress: clientAddress('clientPort', clientPort, clientPortAddress, ownLine?.client, warnings),
    // Port 0 means no port here: nobody needs a secure port that the system chooses.
    secureClientAddress: clientAddress(
      'secureClientPort',
      secureClientPort || undefined,
      secureClientPortAddress,
      ownLine?.secureClient,
      warnings,
    ),
  };
}

/** The address of the server line. The keys may repeat it, but not contradict it. */
function clientAddress(
  key: string,
  port: number | undefined,
  hostText: string | undefined,
  fromLine: Address | undefined,
  warnings: string[],
): Address | undefined {
  const host = hostText === undefined ? undefined : hostOf(`${key}Address`, hostText, warnings);
  if (port === undefined) {
    if (hostText !== undefined && fromLine?.host !== host)
      throw badValue(`${key}Address`, hostText, `an address only together with ${key}`);
    return fromLine;
  }
  if (fromLine === undefined) return { host: host ?? ANY_HOST, port };
  // Upstream takes port 0 for no port.
  if (port === 0 && host === undefined) return fromLine;
  if (port !== fromLine.port || contradicts(host, fromLine.host)) {
    const value = formatAddress({ host: host ?? ANY_HOST, port });
    throw badValue(key, value, `${formatAddress(fromLine)}, as in the server line, or no ${key} at all`);
  }
  return fromLine;
}

/**
 * "Any address" leaves the choice to the line. Whether two names mean different hosts is known only after
 * resolving them.
 */
function contradicts(host: string | undefined, fromLine: string): boolean {
  if (host === undefined || isAnyHost(host) || host === fromLine) return false;
  return ipAddress(host) !== undefined && ipAddress(fromLine) !== undefined;
}

function hostOf(key: string, text: string, warnings: string[]): string {
  if (text === '') {
    warnings.push(
      `${key} is empty, so the server listens for clients only on ${LOOPBACK}, as Apache ZooKeeper does`,
    );
    return LOOPBACK;
  }
  const host = canonicalHost(text);
  if (ipAddress(host) === undefined && !/^[\p{L}\p{N}_.-]+$/u.test(host))
    throw badValue(
      key,
      text,
      `a host name or an address, without a port; to listen on every address, remove ${key}`,
    );
  return host;
}
