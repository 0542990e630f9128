import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

/** The simplest member: it sends back what it receives, and counts it. */
export class EchoServer {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** Still set after the server is closed. */
  port = 0;
  connections = 0;
  receivedBytes = 0;
  closedConnections = 0;

  private constructor() {
    this.#server = createServer({ noDelay: true }, socket => this.#serve(socket));
  }

  static async listen(port = 0): Promise<EchoServer> {
    const echo = new EchoServer();
    await new Promise<void>(resolve => echo.#server.listen(port, '127.0.0.1', resolve));
    echo.port = (echo.#server.address() as AddressInfo).port;
    return echo;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  resetAll(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise(resolve => this.#server.close(resolve));
  }

  #serve(socket: Socket): void {
    this.connections += 1;
    this.#sockets.add(socket);
    socket.on('error', () => {});
    socket.on('data', data => {
      this.receivedBytes += data.length;
      if (!socket.write(data)) socket.pause();
    });
    socket.on('drain', () => socket.resume());
    socket.once('close', () => {
      this.closedConnections += 1;
      this.#sockets.delete(socket);
    });
  }
}
