import { connect, type Socket } from 'node:net';

/** The dialing end of a test's connection. It records what it received, in which pieces, and how it ended. */
export class Dialed {
  readonly socket: Socket;
  readonly pieces: Buffer[] = [];
  errorCode: string | undefined;
  closed = false;
  #changed: () => void = () => {};

  private constructor(port: number) {
    this.socket = connect({ host: '127.0.0.1', port, noDelay: true });
    this.socket.on('data', data => {
      this.pieces.push(data);
      this.#changed();
    });
    this.socket.on('error', (error: NodeJS.ErrnoException) => {
      this.errorCode = error.code;
    });
    this.socket.once('close', () => {
      this.closed = true;
      this.#changed();
    });
  }

  /** Settles once it is connected or refused. */
  static async to(address: string): Promise<Dialed> {
    const dialed = new Dialed(Number(address.slice(address.lastIndexOf(':') + 1)));
    await new Promise<void>(resolve => {
      dialed.socket.once('connect', resolve);
      dialed.socket.once('close', () => resolve());
    });
    return dialed;
  }

  get received(): Buffer {
    return Buffer.concat(this.pieces);
  }

  get receivedBytes(): number {
    return this.pieces.reduce((sum, piece) => sum + piece.length, 0);
  }

  send(data: string | Buffer): void {
    this.socket.write(data);
  }

  /**
   * Sends, and waits for as many bytes to come back. Returns the time in ms. @throws when the connection
   * closes first
   */
  async roundTrip(data: string | Buffer): Promise<number> {
    const start = performance.now();
    const expected = this.receivedBytes + Buffer.byteLength(data);
    this.send(data);
    await this.until(() => this.receivedBytes >= expected || this.closed);
    if (this.receivedBytes < expected)
      throw new Error(`closed after ${this.receivedBytes} of ${expected} bytes`);
    return performance.now() - start;
  }

  async untilClosed(): Promise<void> {
    await this.until(() => this.closed);
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>(resolve => {
        this.#changed = resolve;
      });
    }
  }

  close(): void {
    this.socket.destroy();
  }
}
