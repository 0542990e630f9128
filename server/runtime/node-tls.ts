import { isIP, type Socket } from 'node:net';
import { checkServerIdentity, connect, createServer, type Server, type TLSSocket } from 'node:tls';
import { canonicalHost } from './host-address.ts';
import type { Address, SecurityContext } from './runtime.ts';

/** Longest time in ms from the accepted socket to the connection, whatever the peer sends. */
export const HANDSHAKE_MS_MAX = 10_000;

/** Sockets accepted on a secured port, until their peers are accepted or refused. */
export class TlsDoor {
  readonly #server: Server;
  readonly #shaking = new Set<Socket>();
  #closed = false;

  /** @throws when the context's PEM is invalid */
  constructor(
    { identity, authorities, peer }: SecurityContext,
    events: { onSocket(socket: TLSSocket): void; onRefused(from: Address, reason: string): void },
  ) {
    this.#server = createServer({
      cert: identity?.certificate,
      key: identity?.privateKey,
      ca: [...authorities],
      requestCert: peer !== 'none',
      // Decided below, where the reason is known.
      rejectUnauthorized: false,
      handshakeTimeout: HANDSHAKE_MS_MAX,
    });
    const refuse = (socket: TLSSocket, reason: string): void => {
      const from = { host: canonicalHost(socket.remoteAddress ?? ''), port: socket.remotePort ?? 0 };
      socket.on('error', () => {});
      socket.destroy();
      if (!this.#closed) events.onRefused(from, reason);
    };
    this.#server.on('tlsClientError', (error, socket) => refuse(socket, reasonOf(error)));
    this.#server.on('secureConnection', socket => {
      const isShown = socket.getPeerX509Certificate() !== undefined;
      if (!isShown && peer === 'need') refuse(socket, 'it shows no certificate');
      else if (isShown && !socket.authorized)
        refuse(socket, `its certificate is not accepted: ${socket.authorizationError}`);
      else if (this.#closed) socket.destroy();
      else events.onSocket(socket);
    });
  }

  take(socket: Socket): void {
    this.#shaking.add(socket);
    socket.once('close', () => this.#shaking.delete(socket));
    this.#server.emit('connection', socket);
  }

  /** Drops the handshakes under way. */
  close(): void {
    this.#closed = true;
    for (const socket of this.#shaking) socket.destroy();
  }
}

/** Dials an address of the host `name`. The dial succeeds when each side accepts the other's certificate. */
export function secureDialler(
  { identity, authorities, verifiesHost }: SecurityContext,
  name: string,
): (address: Address) => TLSSocket {
  const options = {
    ...(isIP(name) === 0 ? { servername: name } : {}),
    ...(identity === undefined ? {} : { cert: identity.certificate, key: identity.privateKey }),
    ca: [...authorities],
    checkServerIdentity: verifiesHost
      ? (_dialled: string, certificate: Parameters<typeof checkServerIdentity>[1]) =>
          checkServerIdentity(name, certificate)
      : () => undefined,
    allowHalfOpen: true,
  };
  return ({ host, port }) => connect({ ...options, host, port }).setNoDelay(true);
}

function reasonOf(error: Error): string {
  return (error as NodeJS.ErrnoException).code ?? error.message;
}
