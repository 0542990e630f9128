import type { Address, ListenEvents, Listener, PortSecurity } from '../runtime.ts';
import type { MemoryConnection } from './memory-connection.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** The process that listens. */
interface ListeningHost {
  readonly clock: VirtualClock;
  closeListener(port: number, listener: MemoryListener): void;
}

/** A port on which one process of a world in virtual time listens. */
export class MemoryListener implements Listener {
  readonly #host: ListeningHost;
  readonly #port: number;
  readonly #events: ListenEvents;
  readonly security: PortSecurity | undefined;
  #opened = false;
  #closed = false;

  constructor(host: ListeningHost, port: number, events: ListenEvents, security?: PortSecurity) {
    this.#host = host;
    this.#port = port;
    this.#events = events;
    this.security = security;
  }

  get port(): number {
    return this.#opened ? this.#port : 0;
  }

  open(): void {
    if (this.#closed) return;
    this.#opened = true;
    this.#events.onListening(this.#port);
  }

  close(): void {
    this.#closed = true;
    this.#host.closeListener(this.#port, this);
  }

  /** The kernel has accepted, even when the process is paused and sees it later. */
  accept(connection: MemoryConnection): void {
    this.#host.clock.enter({
      run: () => {
        if (this.#closed) connection.destroy('listener closed');
        else if (!connection.closed) this.#events.onConnection(connection);
      },
    });
  }

  refuse(from: Address, reason: string): void {
    this.#host.clock.enter({
      run: () => {
        if (!this.#closed) this.#events.onRefused?.(from, reason);
      },
    });
  }
}
