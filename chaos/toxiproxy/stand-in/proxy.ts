import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import type { Random } from '../../../server/runtime/runtime.ts';
import { formatAddress, parseAddress, sameListen } from './address.ts';
import { ApiError } from './api-error.ts';
import { Connection } from './connection.ts';
import type { Link, LinkCounters } from './link.ts';
import { changeToxic, type Direction, decodeToxic, type Toxic, toxicJson } from './toxic.ts';

/** Counters of one direction of one proxy, requested for each new connection. */
export type CountersOf = (proxy: TcpProxy, direction: Direction) => LinkCounters;

export interface ProxyFields {
  readonly listen: string;
  readonly upstream: string;
  readonly enabled: boolean;
}

const DIRECTIONS = ['upstream', 'downstream'] as const;

/** A listener, its connections, and the toxics they pass. */
export class TcpProxy {
  readonly name: string;
  #listen: string;
  #upstream: string;
  readonly #random: Random;
  readonly #countersOf: CountersOf;
  readonly #connections = new Set<Connection>();
  readonly #dialing = new Set<Socket>();
  #toxics: readonly Toxic[] = [];
  #server: Server | undefined;

  constructor(name: string, listen: string, upstream: string, random: Random, countersOf: CountersOf) {
    this.name = name;
    this.#listen = listen;
    this.#upstream = upstream;
    this.#random = random;
    this.#countersOf = countersOf;
  }

  get listen(): string {
    return this.#listen;
  }

  get upstream(): string {
    return this.#upstream;
  }

  get enabled(): boolean {
    return this.#server !== undefined;
  }

  json(): object {
    const { name, listen, upstream, enabled } = this;
    return { name, listen, upstream, enabled, toxics: this.toxicsJson() };
  }

  /** Listens; a port of 0 becomes the one that the system chose. Does nothing when it already listens. */
  async start(): Promise<void> {
    if (this.enabled) return;
    const address = parseAddress(this.#listen);
    const options = { allowHalfOpen: true, pauseOnConnect: true, noDelay: true };
    const server = createServer(options, client => this.#accept(client));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(address, resolve);
    });
    server.on('error', () => {});
    this.#server = server;
    this.#listen = formatAddress(server.address() as AddressInfo);
  }

  /** Closes the listener and every connection. */
  async stop(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    const closed = new Promise<void>(resolve => server.close(() => resolve()));
    for (const socket of this.#dialing) socket.destroy();
    for (const connection of this.#connections) connection.destroy();
    await closed;
  }

  /** Whether these addresses differ from its own; if so, it must restart to use them. */
  differs(listen: string, upstream: string): boolean {
    return !sameListen(this.#listen, listen) || this.#upstream !== upstream;
  }

  async update({ listen, upstream, enabled }: ProxyFields): Promise<void> {
    if (this.differs(listen, upstream)) {
      await this.stop();
      this.#listen = listen;
      this.#upstream = upstream;
    }
    if (enabled) await this.start();
    else await this.stop();
  }

  /** Toxics of the upstream direction first; within each direction in the order in which bytes meet them. */
  toxicsJson(): object[] {
    return DIRECTIONS.flatMap(direction => this.#toxicsOf(direction).map(toxicJson));
  }

  toxic(name: string): Toxic {
    const toxic = this.#toxics.find(each => each.name === name);
    if (toxic === undefined) throw new ApiError('toxicNotFound');
    return toxic;
  }

  addToxic(body: unknown): Toxic {
    const toxic = decodeToxic(body, name => this.#toxics.some(each => each.name === name));
    this.#toxics = [...this.#toxics, toxic];
    for (const link of this.#linksOf(toxic)) link.add(toxic);
    return toxic;
  }

  updateToxic(name: string, body: unknown): Toxic {
    const toxic = this.toxic(name);
    changeToxic(toxic, body);
    for (const link of this.#linksOf(toxic)) link.update(toxic);
    return toxic;
  }

  removeToxic(name: string): void {
    const toxic = this.toxic(name);
    this.#toxics = this.#toxics.filter(each => each !== toxic);
    for (const link of this.#linksOf(toxic)) link.remove(toxic);
  }

  removeAllToxics(): void {
    for (const { name } of this.#toxics) this.removeToxic(name);
  }

  #toxicsOf(direction: Direction): readonly Toxic[] {
    return this.#toxics.filter(toxic => toxic.stream === direction);
  }

  #linksOf(toxic: Toxic): readonly Link[] {
    return [...this.#connections].flatMap(connection => connection.linksOf(toxic.stream));
  }

  /** The client is not read until the upstream answers. When the upstream does not, the client is closed. */
  #accept(client: Socket): void {
    const upstream = connect({ ...parseAddress(this.#upstream), allowHalfOpen: true, noDelay: true });
    this.#dialing.add(client).add(upstream);
    const settled = () => {
      this.#dialing.delete(client);
      this.#dialing.delete(upstream);
    };
    const giveUp = () => {
      settled();
      client.destroy();
      upstream.destroy();
    };
    client.on('error', () => {});
    upstream.on('error', () => {});
    client.once('close', giveUp);
    upstream.once('close', giveUp);
    upstream.once('connect', () => {
      client.off('close', giveUp);
      upstream.off('close', giveUp);
      settled();
      this.#join(client, upstream);
    });
  }

  #join(client: Socket, upstream: Socket): void {
    const connection = new Connection(client, upstream, {
      random: this.#random,
      toxicsOf: direction => this.#toxicsOf(direction),
      countersOf: direction => this.#countersOf(this, direction),
    });
    this.#connections.add(connection);
    let open = 2;
    const closed = () => {
      open -= 1;
      if (open === 0) this.#connections.delete(connection);
    };
    client.once('close', closed);
    upstream.once('close', closed);
  }
}
