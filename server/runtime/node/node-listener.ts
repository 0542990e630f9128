import { createServer, isIP, type Server, type ServerOpts, type Socket } from 'node:net';
import { canonicalHost, isAnyHost } from '../addresses/host-address.ts';
import type { NameLookup } from '../addresses/name-lookup.ts';
import type { Address, Listener } from '../runtime.ts';

export interface SocketEvents {
  onListening(port: number): void;
  onSocket(socket: Socket): void;
  /** Nothing follows. */
  onError(error: Error): void;
}

export interface ListenOptions extends ServerOpts {
  readonly backlog?: number;
  /** Called for each connection: false refuses it. */
  readonly accepts?: () => boolean;
  /** Makes the server for each address, for callers that need more than sockets. */
  readonly serverFor?: (onSocket: (socket: Socket) => void) => Server;
}

/** Number of ports tried when the port that the system chose for the first address is taken at the second. */
const PORT_CHOICES_MAX = 20;
const ACCEPT_REST_MS = 1000;
/** Errors for an address of another machine, or of a family that this machine lacks. */
const NOT_HERE = new Set(['EADDRNOTAVAIL', 'EAFNOSUPPORT', 'EINVAL']);

/**
 * Listens on all addresses of a host that this machine has: on those of a name, and for ANY_HOST on all, of
 * both families if available. Java does the same for ANY_HOST, but listens only on the first address of a
 * name, which its peers dial; other peers may dial any.
 */
export function listenOn(
  names: NameLookup,
  address: Address,
  options: ListenOptions,
  events: SocketEvents,
): Listener {
  const { serverFor = onSocket => createServer(options, onSocket), accepts = () => true } = options;
  const servers = new Set<Server>();
  const rests = new Set<NodeJS.Timeout>();
  let port = 0;
  let closed = false;
  const close = (): void => {
    closed = true;
    for (const server of servers) server.close();
    servers.clear();
    for (const rest of rests) clearTimeout(rest);
  };
  const fail = (error: Error): void => {
    if (closed) return;
    close();
    events.onError(error);
  };

  /**
   * An undefined host means all addresses, with an IPv6 socket that also accepts IPv4, or with an IPv4
   * socket.
   */
  const bind = (
    host: string | undefined,
    wanted: number,
    done: (error: NodeJS.ErrnoException | null, bound: number) => void,
  ): void => {
    const server = serverFor(socket => {
      if (closed || !accepts()) socket.destroy();
      else events.onSocket(socket);
    });
    servers.add(server);
    const refused = (error: Error): void => {
      servers.delete(server);
      if (!closed) done(error, 0);
    };
    server.once('error', refused);
    const place = host === undefined ? {} : { host };
    server.listen({ ...place, port: wanted, backlog: options.backlog }, () => {
      server.off('error', refused);
      const bound = server.address();
      const boundPort = typeof bound === 'object' && bound !== null ? bound.port : 0;
      server.on('error', () => restLater(server, host, boundPort));
      if (!closed) done(null, boundPort);
    });
  };

  /**
   * A connection could not be accepted. Without a free descriptor the system reports it again and again in
   * one turn of the loop, so the listener closes until there may be one.
   */
  const restLater = (server: Server, host: string | undefined, boundPort: number): void => {
    server.close();
    servers.delete(server);
    if (closed) return;
    const again = (): void => {
      rests.delete(rest);
      if (closed) return;
      bind(host, boundPort, error => {
        if (error !== null) restLater(server, host, boundPort);
      });
    };
    const rest = setTimeout(again, ACCEPT_REST_MS);
    rests.add(rest);
  };

  const bindAll = (hosts: readonly (string | undefined)[], choices: number): void => {
    let refusal: Error | undefined;
    const next = (at: number, chosen: number): void => {
      if (at === hosts.length) {
        if (servers.size === 0) {
          fail(refusal ?? new Error(`${address.host} has no address`));
          return;
        }
        port = chosen;
        events.onListening(port);
        return;
      }
      bind(hosts[at], chosen, (error, bound) => {
        if (error === null) {
          next(at + 1, bound);
        } else if (NOT_HERE.has(error.code ?? '')) {
          refusal ??= error;
          next(at + 1, chosen);
        } else if (error.code === 'EADDRINUSE' && address.port === 0 && choices < PORT_CHOICES_MAX) {
          for (const server of servers) server.close();
          servers.clear();
          bindAll(hosts, choices + 1);
        } else {
          fail(error);
        }
      });
    };
    next(0, address.port);
  };

  let cancelLookup = () => {};
  const host = canonicalHost(address.host);
  if (isAnyHost(host)) {
    bindAll([undefined], 0);
  } else if (isIP(host) !== 0) {
    bindAll([host], 0);
  } else {
    const lookup = names.find(host, (error, hosts) => (error === null ? bindAll(hosts, 0) : fail(error)));
    cancelLookup = () => lookup.cancel();
  }
  return {
    get port() {
      return port;
    },
    close() {
      cancelLookup();
      close();
    },
  };
}
