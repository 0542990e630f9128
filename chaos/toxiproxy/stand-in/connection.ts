import type { Socket } from 'node:net';
import type { Random } from '../../../server/runtime/runtime.ts';
import { Link, type LinkCounters } from './link.ts';
import type { Direction, Toxic } from './toxic.ts';

/** A client's connection and the one to the upstream: two sockets, and a link for each direction. */
export class Connection {
  readonly #client: Socket;
  readonly #upstream: Socket;
  readonly #links: readonly Link[];

  constructor(
    client: Socket,
    upstream: Socket,
    options: {
      random: Random;
      toxicsOf: (direction: Direction) => readonly Toxic[];
      countersOf: (direction: Direction) => LinkCounters;
    },
  ) {
    this.#client = client;
    this.#upstream = upstream;
    const { random, toxicsOf, countersOf } = options;
    const all = [...toxicsOf('upstream'), ...toxicsOf('downstream')];
    // Toxiproxy sets SO_LINGER 0 on both sockets when a link starts under reset_peer, never later.
    const close = all.some(toxic => toxic.type.resetsConnections) ? reset : closeGracefully;
    const link = (direction: Direction, source: Socket, destination: Socket) =>
      new Link(direction, source, destination, toxicsOf(direction), {
        random,
        counters: countersOf(direction),
        close,
      });
    this.#links = [link('upstream', client, upstream), link('downstream', upstream, client)];
  }

  linksOf(direction: Direction): readonly Link[] {
    return this.#links.filter(link => link.direction === direction);
  }

  destroy(): void {
    this.#client.destroy();
    this.#upstream.destroy();
  }
}

function reset(socket: Socket): void {
  if (!socket.destroyed) socket.resetAndDestroy();
}

/** Closes the socket once everything written has been sent. */
function closeGracefully(socket: Socket): void {
  socket.destroySoon();
}
