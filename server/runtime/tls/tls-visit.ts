import type { Socket } from 'node:net';
import { canonicalHost } from '../addresses/host-address.ts';
import type { Address } from '../runtime.ts';

const NOTHING = { cancel() {} };

/** A socket accepted on a secured port whose peer is neither accepted nor refused. */
export class TlsVisit {
  readonly socket: Socket;
  readonly from: Address;
  readonly key: string;
  #settled = false;
  #waiting: { cancel(): void } = NOTHING;
  readonly #deadline: NodeJS.Timeout;

  constructor(socket: Socket, limitMs: number, onLate: () => void) {
    this.socket = socket;
    this.from = { host: canonicalHost(socket.remoteAddress ?? ''), port: socket.remotePort ?? 0 };
    this.key = connectionKey(socket);
    this.#deadline = setTimeout(onLate, limitMs);
    socket.on('error', ignore);
  }

  /** Replaces what it waits for: its first bytes, its turn, or a name to be looked up. */
  waitFor(waiting: { cancel(): void }): void {
    this.#waiting.cancel();
    this.#waiting = waiting;
  }

  /** False when it was settled before. */
  settle(): boolean {
    if (this.#settled) return false;
    this.#settled = true;
    this.waitFor(NOTHING);
    clearTimeout(this.#deadline);
    this.socket.off('error', ignore);
    return true;
  }

  /** For a settled visit: closes the socket, whatever it still reports. */
  drop(): void {
    this.socket.on('error', ignore).destroy();
  }
}

/** The same for a socket and for the TLS that runs over it. */
export function connectionKey({ remoteAddress, remotePort, localAddress, localPort }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`;
}

function ignore(): void {}
