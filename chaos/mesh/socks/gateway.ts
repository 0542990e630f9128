/** A SOCKS5 server for one member: it dials what the link map of that member says. */
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import type { LinkMap } from '../../../server/runtime/addresses/link-map.ts';
import { type Destination, greeting, reply, replyTo, request, type Step } from './handshake.ts';

/** A member has two connections to each other one, and some while it reconnects. */
const CONNECTIONS_MAX = 4_096;
const HANDSHAKE_MAX_MS = 10_000;
/** Two messages with the longest name, and room for what a hasty client sends behind them. */
const HANDSHAKE_BYTES_MAX = 4_096;

export class SocksGateway {
  readonly port: number;
  readonly #server: Server;
  readonly #sockets: Set<Socket>;

  private constructor(server: Server, sockets: Set<Socket>) {
    this.#server = server;
    this.#sockets = sockets;
    this.port = (server.address() as AddressInfo).port;
  }

  static async listen(links: Pick<LinkMap, 'translate'>, host = '127.0.0.1'): Promise<SocksGateway> {
    const sockets = new Set<Socket>();
    const track = (socket: Socket) => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      return socket.on('error', () => {});
    };
    const server = createServer({ noDelay: true, allowHalfOpen: true }, socket =>
      serve(track(socket), to => track(dial(links.translate(to)))),
    );
    server.maxConnections = CONNECTIONS_MAX;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, host, resolve);
    });
    return new SocksGateway(server, sockets);
  }

  async close(): Promise<void> {
    const closed = new Promise(resolve => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}

function dial({ host, port }: Destination): Socket {
  return connect({ host, port, noDelay: true, allowHalfOpen: true });
}

function serve(client: Socket, dialer: (to: Destination) => Socket): void {
  let bytes = Buffer.alloc(0);
  let next: (bytes: Buffer) => Step = greeting;
  const tooLate = setTimeout(() => client.destroy(), HANDSHAKE_MAX_MS);
  client.once('close', () => clearTimeout(tooLate));
  const onData = (data: Buffer) => {
    bytes = Buffer.concat([bytes, data]);
    for (;;) {
      const step = next(bytes);
      if (step.kind === 'more') {
        if (bytes.length > HANDSHAKE_BYTES_MAX) client.destroy();
        return;
      }
      if (step.kind === 'refuse') {
        client.off('data', onData);
        client.end(step.bytes).resume();
        return;
      }
      bytes = bytes.subarray(step.taken);
      if (step.kind === 'dial') {
        clearTimeout(tooLate);
        client.off('data', onData).pause();
        join(client, dialer(step.to), bytes);
        return;
      }
      client.write(step.bytes);
      next = request;
    }
  };
  client.on('data', onData);
}

/** Each side gets the bytes, the end and the reset of the other one. @param first what was already read */
function join(client: Socket, target: Socket, first: Buffer): void {
  let isJoined = false;
  client.once('close', () => target.destroy());
  target.once('error', (error: NodeJS.ErrnoException) => {
    if (isJoined) client.resetAndDestroy();
    else client.end(replyTo(error)).resume();
  });
  target.once('connect', () => {
    isJoined = true;
    client.write(reply('succeeded'));
    if (first.length > 0) target.write(first);
    client.once('error', () => target.resetAndDestroy());
    client.pipe(target);
    target.pipe(client);
    target.once('close', () => client.destroySoon());
  });
}
