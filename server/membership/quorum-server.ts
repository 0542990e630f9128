import { parseInt32 } from '../properties/java-values.ts';
import { badValue, PORT_MAX } from '../properties/key-kinds.ts';
import {
  ANY_HOST,
  bracketed,
  canonicalHost,
  formatAddress,
  ipAddress,
} from '../runtime/addresses/host-address.ts';
import type { Address } from '../runtime/runtime.ts';

export type Role = 'participant' | 'observer';

/** Where one server listens for the others, on one of its networks. */
export interface PeerAddress {
  readonly host: string;
  readonly quorumPort: number;
  readonly electionPort: number;
}

/** One server line of the configuration. */
export interface QuorumServer {
  readonly sid: number;
  /**
   * The addresses in the order of the line: at least one, and several only with multiAddress.enabled
   * (ZOOKEEPER-3188).
   */
  readonly addresses: readonly [PeerAddress, ...PeerAddress[]];
  readonly role: Role;
  /**
   * The client part of the line itself. A member without it may still have a clientPort, of which the others
   * need not know.
   */
  readonly client: Address | undefined;
  /** The third part of the line, which 3.8 does not have. */
  readonly secureClient: Address | undefined;
}

/** What Java makes of an empty host, and writes in its place. */
const EMPTY_HOST = 'localhost';

const FORM =
  'host:quorumPort:electionPort[:participant|observer][;[[clientHost:]clientPort][;[host:]securePort]]';

export function quorumAddressesOf({ addresses }: QuorumServer): Address[] {
  return distinct(addresses.map(({ host, quorumPort }) => ({ host, port: quorumPort })));
}

export function electionAddressesOf({ addresses }: QuorumServer): Address[] {
  return distinct(addresses.map(({ host, electionPort }) => ({ host, port: electionPort })));
}

/** Addresses at which observers reach the server if it is a master. */
export function masterAddressesOf({ addresses }: QuorumServer, observerMasterPort: number): Address[] {
  return distinct(addresses.map(({ host }) => ({ host, port: observerMasterPort })));
}

/** The addresses at which a server with these addresses listens. @see QuorumPeer.getQuorumListenOnAllIPs */
export function listenAddresses(
  addresses: readonly Address[],
  { quorumListenOnAllIPs }: { readonly quorumListenOnAllIPs: boolean },
): readonly Address[] {
  if (!quorumListenOnAllIPs) return addresses;
  return distinct(addresses.map(({ port }) => ({ host: ANY_HOST, port })));
}

function distinct(addresses: readonly Address[]): Address[] {
  return [...new Map(addresses.map(address => [formatAddress(address), address])).values()];
}

/**
 * `host:quorumPort:electionPort[:role]`, several joined by "|", then `;[host:]clientPort`; IPv6 addresses in
 * [].
 *
 * @throws ServerError ZK_CONFIG_VALUE
 * @see docs/configuration.md "Membership lines"
 */
export function parseQuorumServer(sid: number, line: string): QuorumServer {
  const refuse = (why: string) => badValue(`server.${sid}`, line, `${FORM}; ${why}`);
  const [peers = '', client, secureClient, ...rest] = splitJava(line, ';').map(part => part.trim());
  if (rest.length > 0) throw refuse('there are more than three parts');
  const groups = splitJava(peers, '|').map(group => parsePeer(group.trim(), refuse));
  const [first, ...others] = groups;
  if (first === undefined) throw refuse('there is no address');

  const roles = new Set(groups.map(({ role }) => role).filter(role => role !== undefined));
  if (roles.size > 1) throw refuse('the roles of its addresses differ');
  return {
    sid,
    addresses: [first.address, ...others.map(({ address }) => address)],
    role: [...roles][0] ?? 'participant',
    client: client ? parseClient(client, refuse) : undefined,
    secureClient: secureClient ? parseClient(secureClient, refuse) : undefined,
  };
}

type Refuse = (why: string) => Error;

/** Splits as Java's String.split does: empty parts at the end are dropped. */
function splitJava(text: string, separator: string): string[] {
  const parts = text.split(separator);
  while (parts.at(-1) === '') parts.pop();
  return parts;
}

function parsePeer(group: string, refuse: Refuse): { address: PeerAddress; role: Role | undefined } {
  const [host = '', quorum, election, role, ...rest] = splitHost(group, refuse);
  if (election === undefined) throw refuse('the election port is missing');
  if (rest.length > 0) throw refuse(`"${group}" has too many parts`);
  const quorumPort = parsePort(quorum, 1, refuse);
  const electionPort = parsePort(election, 1, refuse);
  if (quorumPort === electionPort) throw refuse('the quorum port and the election port are the same');
  return {
    address: { host: host || EMPTY_HOST, quorumPort, electionPort },
    role: role === undefined ? undefined : parseRole(role, refuse),
  };
}

function parseRole(text: string, refuse: Refuse): Role {
  const role = text.trim().toLowerCase();
  if (role === 'participant' || role === 'observer') return role;
  throw refuse(`"${text}" is no role`);
}

function parseClient(text: string, refuse: Refuse): Address {
  const parts = splitHost(text, refuse);
  if (parts.length > 2) throw refuse(`"${text}" has too many parts`);
  const [host, port] = parts.length === 2 ? parts : [ANY_HOST, parts[0]];
  return { host: host || EMPTY_HOST, port: parsePort(port, 0, refuse) };
}

function parsePort(text: string | undefined, min: number, refuse: Refuse): number {
  const port = parseInt32(text ?? '');
  if (port === undefined || port < min || port > PORT_MAX)
    throw refuse(`"${text}" is no port from ${min} to ${PORT_MAX}`);
  return port;
}

/**
 * Splits at colons. The first of several parts is a host; an address comes out in its canonical spelling,
 * without brackets.
 */
function splitHost(text: string, refuse: Refuse): string[] {
  if (!text.startsWith('[')) {
    const [host = '', ...rest] = splitJava(text, ':');
    // A single part is a port.
    return rest.length === 0 ? [host] : [canonicalHost(host), ...rest];
  }
  const [, inside = '', rest] = /^\[([^\]]*)\](.*)$/.exec(text) ?? [];
  // Java takes a name in brackets for that name.
  const host = ipAddress(inside) ?? (/^[\w.-]+$/.test(inside) ? inside : undefined);
  if (host === undefined || rest === undefined) throw refuse('the brackets hold no IPv6 address');
  if (!rest.startsWith(':')) throw refuse('a port must follow the brackets');
  return [host, ...splitJava(rest.slice(1), ':')];
}

/**
 * The line as upstream writes it: addresses in order of their hosts, the role always, the client part if any.
 */
export function formatQuorumServer(server: QuorumServer): string {
  const peers = [...server.addresses]
    .sort((a, b) => (a.host < b.host ? -1 : a.host > b.host ? 1 : 0))
    .map(({ host, quorumPort, electionPort }) => `${bracketed(host)}:${quorumPort}:${electionPort}`);
  const client = server.client ? formatAddress(server.client) : '';
  const secure = server.secureClient ? `;${formatAddress(server.secureClient)}` : '';
  const tail = client || secure ? `;${client}${secure}` : '';
  return `${peers.join('|')}:${server.role}${tail}`;
}
