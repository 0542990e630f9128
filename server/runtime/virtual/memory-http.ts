import type { Address, HttpHandler, HttpHost, HttpRequest, HttpResponse } from '../runtime.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** HTTP without a network: requests call the handler of a port directly. */
export class MemoryHttp implements HttpHost {
  readonly #clock: VirtualClock;
  readonly #handlers = new Map<number, HttpHandler>();
  #nextPort = 8080;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  listen(
    address: Address,
    handler: HttpHandler,
    onReady: (error: Error | undefined, port: number) => void,
  ): { close(): void } {
    const port = address.port === 0 ? this.#nextPort++ : address.port;
    const taken = this.#handlers.has(port);
    if (!taken) this.#handlers.set(port, handler);
    this.#clock.after(0, () =>
      taken ? onReady(new Error(`EADDRINUSE: port ${port}`), 0) : onReady(undefined, port),
    );
    return {
      close: () => {
        if (this.#handlers.get(port) === handler) this.#handlers.delete(port);
      },
    };
  }

  /** @throws when nothing listens on the port */
  request(port: number, request: Partial<HttpRequest>): HttpResponse | Promise<HttpResponse> {
    const handler = this.#handlers.get(port);
    if (handler === undefined) throw new Error(`ECONNREFUSED: no HTTP on port ${port}`);
    return handler({ method: 'GET', path: '/', query: {}, headers: {}, body: Buffer.alloc(0), ...request });
  }
}
