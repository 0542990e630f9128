import type { Socket } from 'node:net';
import { oldestOfBusiestHost } from '../busiest-host.ts';

/**
 * Bounds the connections of a port. When there is one too many, the host with most loses its oldest: whoever
 * keeps as many as the port allows, and asks for nothing, keeps nobody else out.
 */
export class ConnectionSeats {
  readonly #connectionsMax: number;
  /** Open connections and their hosts, in the order in which they came. */
  readonly #hosts = new Map<Socket, string>();

  constructor(connectionsMax: number) {
    this.#connectionsMax = connectionsMax;
  }

  take(socket: Socket): void {
    this.#hosts.set(socket, socket.remoteAddress ?? '');
    socket.once('close', () => this.#hosts.delete(socket));
    if (this.#hosts.size <= this.#connectionsMax) return;
    const [leaving] = oldestOfBusiestHost([...this.#hosts], ([, host]) => host) ?? [];
    if (leaving === undefined) return;
    this.#hosts.delete(leaving);
    leaving.destroy();
  }
}
