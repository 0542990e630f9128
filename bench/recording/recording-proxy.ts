/** A TCP proxy in front of one server. It passes everything on, and records what clients request. */
import * as net from 'node:net';
import { ClientTap } from './client-tap.ts';
import type { RecordedEvent } from './recording.ts';
import type { PathText } from './request-shape.ts';

/** Each may hold one unfinished frame. */
const CONNECTIONS_MAX = 256;

export interface ProxyOptions {
  readonly listen: { readonly host: string; readonly port: number };
  readonly to: { readonly host: string; readonly port: number };
  readonly pathText: PathText;
  readonly onEvent: (event: RecordedEvent) => void;
}

export class RecordingProxy {
  readonly #server: net.Server;
  readonly #sockets = new Set<net.Socket>();
  readonly #taps = new Set<ClientTap>();
  /** Of taps that have ended. */
  #sessions = 0;
  #tooLarge = 0;
  readonly #fromMs = performance.now();
  /** Connections whose bytes are none of a ZooKeeper client; they are passed on and not recorded. */
  foreign = 0;
  /** Sessions that sent something which is no request; what comes after it is passed on and not recorded. */
  unreadable = 0;
  connections = 0;
  /** Connections that the server has accepted. */
  reached = 0;
  /** Why the last connection that did not reach the server failed. */
  unreachedBecause: string | undefined;

  private constructor(server: net.Server) {
    this.#server = server;
  }

  /** @throws Error of the system when the address cannot be listened on */
  static async listen(options: ProxyOptions): Promise<RecordingProxy> {
    const server = net.createServer({ noDelay: true, allowHalfOpen: true });
    const proxy = new RecordingProxy(server);
    server.maxConnections = CONNECTIONS_MAX;
    server.on('connection', socket => proxy.#onClient(socket, options));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(options.listen.port, options.listen.host, resolve);
    });
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as net.AddressInfo).port;
  }

  /** Connections on which a client asked for a session. */
  get sessions(): number {
    return this.#sessions + [...this.#taps].filter(({ isSession }) => isSession).length;
  }

  /** Requests that are passed on and too large to be recorded. */
  get tooLarge(): number {
    return [...this.#taps].reduce((sum, { tooLarge }) => sum + tooLarge, this.#tooLarge);
  }

  /** Ends all connections. Their sessions end in the recording too. */
  async close(): Promise<void> {
    for (const tap of this.#taps) tap.end();
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>(resolve => this.#server.close(() => resolve()));
  }

  #onClient(client: net.Socket, { to, pathText, onEvent }: ProxyOptions): void {
    const tap = new ClientTap({
      session: ++this.connections,
      pathText,
      nowUs: () => Math.round((performance.now() - this.#fromMs) * 1000),
      onEvent,
    });
    this.#taps.add(tap);
    // Whoever asks with a four-letter word may end its side before the answer comes.
    const server = net.connect({ ...to, noDelay: true, allowHalfOpen: true });
    let isReached = false;
    server.once('connect', () => {
      isReached = true;
      this.reached++;
    });
    server.on('error', ({ message }) => {
      if (!isReached) this.unreachedBecause = message;
    });
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        this.#sockets.delete(socket);
        this.#forget(tap);
        client.destroy();
        server.destroy();
      });
    }
    client.on('data', chunk => {
      if (!tap.feed(chunk)) {
        if (tap.isSession) this.unreadable++;
        else this.foreign++;
      }
      if (!server.write(chunk)) client.pause();
    });
    client.on('end', () => server.end());
    server.on('drain', () => client.resume());
    server.pipe(client);
  }

  /** Either socket of a connection may be the last to say so. */
  #forget(tap: ClientTap): void {
    tap.end();
    if (!this.#taps.delete(tap)) return;
    this.#sessions += tap.isSession ? 1 : 0;
    this.#tooLarge += tap.tooLarge;
  }
}
