import type { X509Certificate } from 'node:crypto';
import type {
  Address,
  ConnectEvents,
  ListenEvents,
  Listener,
  ListenOptions,
  Network,
  SecurityContext,
  Timer,
} from '../runtime.ts';
import { SeededRandom } from '../seeded-random.ts';
import { TlsRefusal } from '../tls/tls-refusal.ts';
import { EVERY_HOST, isOwn, listeningAt, networkError, unresolved } from './memory-addresses.ts';
import { MemoryConnection } from './memory-connection.ts';
import {
  CALM_LINK,
  type Cut,
  type LinkQuality,
  MemoryLink,
  type PacketOrder,
  Uplink,
} from './memory-link.ts';
import { MemoryListener } from './memory-listener.ts';
import { shakeHands } from './memory-tls.ts';
import type { VirtualClock } from './virtual-clock.ts';
import type { VirtualTime } from './virtual-time.ts';

export interface MemoryNetworkOptions {
  random?: SeededRandom;
  /** The link between any two hosts, until `setLink` changes it. */
  link?: Partial<LinkQuality>;
  /** What each host can send to others. @default any number of bytes at once */
  uplinkBytesPerMs?: number;
}

/**
 * The network of a world in virtual time: hosts by name, and a link for each direction between two of them.
 *
 *     const clock = new VirtualClock();
 *     const network = new MemoryNetwork(clock.time).host('a', clock);
 */
export class MemoryNetwork {
  readonly time: VirtualTime;
  readonly #random: SeededRandom;
  readonly #quality: LinkQuality;
  readonly #hosts = new Map<string, MemoryHost>();
  readonly #links = new Map<string, MemoryLink>();
  readonly #uplinks = new Map<string, Uplink>();
  readonly #uplinkBytesPerMs: number | undefined;
  readonly #unknown = new Set<string>();
  /** Hosts by their further addresses. */
  readonly #further = new Map<string, string>();
  readonly #swallowed = new Map<string, MemoryConnection[]>();

  constructor(time: VirtualTime, options: MemoryNetworkOptions = {}) {
    this.time = time;
    this.#random = options.random ?? new SeededRandom('network');
    this.#quality = { ...CALM_LINK, ...options.link };
    this.#uplinkBytesPerMs = options.uplinkBytesPerMs;
  }

  /** The network as one process sees it. An earlier process under the name counts as dead. */
  host(name: string, clock: VirtualClock): MemoryHost {
    const before = this.#hosts.get(name);
    before?.kill();
    const host = new MemoryHost(this, name, clock);
    this.#hosts.set(name, host);
    before?.answerKnocks();
    return host;
  }

  find(name: string): MemoryHost | undefined {
    return this.#hosts.get(this.#further.get(name) ?? name);
  }

  /** Gives a host one more address, as on another network: it has links of its own. */
  addAddress(name: string, address: string): void {
    this.#further.set(address, name);
  }

  /** Sets whether a name can be resolved: that of a container may come later than the container. */
  setUnknown(name: string, unknown: boolean): void {
    if (unknown) this.#unknown.add(name);
    else this.#unknown.delete(name);
  }

  isUnknown(name: string): boolean {
    return this.#unknown.has(name);
  }

  link(from: string, to: string): MemoryLink {
    const key = `${from}>${to}`;
    let link = this.#links.get(key);
    if (link === undefined) {
      const isLoopback = from === to;
      const quality = isLoopback ? CALM_LINK : this.#quality;
      link = new MemoryLink(
        this.time,
        this.#random.fork(key),
        quality,
        isLoopback ? undefined : this.#uplink(from),
      );
      this.#links.set(key, link);
    }
    return link;
  }

  #uplink(host: string): Uplink | undefined {
    if (this.#uplinkBytesPerMs === undefined) return undefined;
    const uplink = this.#uplinks.get(host) ?? new Uplink(this.#uplinkBytesPerMs);
    this.#uplinks.set(host, uplink);
    return uplink;
  }

  /** Drops the packets of `from` that cuts hold back. */
  dropHeld(from: string): void {
    for (const [key, link] of this.#links) {
      const sender = key.slice(0, key.indexOf('>'));
      if ((this.#further.get(sender) ?? sender) === from) link.dropHeld();
    }
  }

  setLink(from: string, to: string, quality: Partial<LinkQuality>): void {
    Object.assign(this.link(from, to).quality, quality);
  }

  /** Cuts one direction. With `refuse`, connections dialled from `from` to `to` are reset. */
  cut(from: string, to: string, how: Cut): void {
    this.link(from, to).setCut(how);
    if (how === 'refuse') this.#hosts.get(from)?.resetDialled(to);
  }

  heal(from: string, to: string): void {
    this.link(from, to).setCut(null);
  }

  healAll(): void {
    for (const link of this.#links.values()) link.setCut(null);
    for (const connections of this.#swallowed.values()) resetAll(connections);
    this.#swallowed.clear();
  }

  /**
   * Loses everything from `from` to `to` on the present connections without telling anybody; new ones work.
   */
  swallow(from: string, to: string): void {
    const key = `${from}>${to}`;
    const connections = this.#hosts.get(from)?.connectionsTo(to) ?? [];
    for (const connection of connections) connection.swallow();
    this.#swallowed.set(key, [...(this.#swallowed.get(key) ?? []), ...connections]);
  }

  /** Gives up swallowed data for good: the ends that are still alive learn that their connection is dead. */
  giveUpSwallowed(from: string, to: string): void {
    const key = `${from}>${to}`;
    resetAll(this.#swallowed.get(key) ?? []);
    this.#swallowed.delete(key);
  }
}

function resetAll(connections: readonly MemoryConnection[]): void {
  for (const connection of connections) connection.resetBoth();
}

const EPHEMERAL_PORT_FIRST = 32_768;
const PORT_MAX = 65_535;

/** One process's view: its listeners, its connections, and their end when it dies. */
export class MemoryHost implements Network {
  readonly name: string;
  readonly clock: VirtualClock;
  readonly #network: MemoryNetwork;
  /** By port, then by host; by EVERY_HOST if it listens on all. */
  readonly #listeners = new Map<number, Map<string, MemoryListener>>();
  readonly #connections = new Set<MemoryConnection>();
  readonly #dialled = new Set<MemoryConnection>();
  readonly #knocked = new Set<MemoryConnection>();
  #nextPort = EPHEMERAL_PORT_FIRST;
  #off = false;

  constructor(network: MemoryNetwork, name: string, clock: VirtualClock) {
    this.#network = network;
    this.name = name;
    this.clock = clock;
  }

  get connectionCount(): number {
    return this.#connections.size;
  }

  get off(): boolean {
    return this.#off;
  }

  listen(address: Address, events: ListenEvents, { security }: ListenOptions = {}): Listener {
    const port = address.port === 0 ? this.#freePort() : address.port;
    const listener = new MemoryListener(this, port, events, security);
    const refusal = this.#refusal(address, port);
    if (refusal === undefined) this.#open(port, listeningAt(address.host), listener);
    this.clock.after(0, () => {
      if (refusal !== undefined) events.onError(refusal);
      else listener.open();
    });
    return listener;
  }

  connect(address: Address, timeoutMs: number, events: ConnectEvents, security?: SecurityContext): Timer {
    const target = isOwn(address.host) ? this.name : address.host;
    const attempt = new ConnectAttempt(
      this,
      { host: target, port: address.port },
      timeoutMs,
      events,
      security,
    );
    if (this.#network.isUnknown(target)) this.clock.after(0, () => attempt.refuse(unresolved(target)));
    else attempt.dial(this.#network);
    return attempt;
  }

  addressesOf(host: string, done: (addresses: readonly string[]) => void): Timer {
    let isCancelled = false;
    this.clock.atEndOfTurn(() => {
      if (!isCancelled) done(this.#network.isUnknown(host) ? [] : [host]);
    });
    return {
      cancel() {
        isCancelled = true;
      },
    };
  }

  /** Nothing is encrypted here, so whatever can be read will do. */
  problemWith({ revocation }: SecurityContext): string | null {
    return revocation === undefined ? null : 'nobody asks for revoked certificates in virtual time';
  }

  /** The process dies: nobody listens here, and the peers of its connections are reset. */
  kill(): void {
    this.#listeners.clear();
    for (const connection of [...this.#connections]) connection.reset();
  }

  /** The machine loses power: its peers hear nothing, and nothing answers a dial. */
  powerOff(): void {
    this.#off = true;
    this.#listeners.clear();
    for (const connection of [...this.#connections]) connection.vanish();
    this.#network.dropHeld(this.name);
  }

  knocked(connection: MemoryConnection): void {
    this.#knocked.add(connection);
  }

  /** The machine has power again: packets sent to it meanwhile are sent once more, and refused. */
  answerKnocks(): void {
    this.#off = false;
    for (const connection of this.#knocked) connection.disown();
    this.#knocked.clear();
  }

  connectionsTo(host: string): MemoryConnection[] {
    return [...this.#connections].filter(connection => connection.remote.host === host);
  }

  resetDialled(to: string): void {
    for (const connection of [...this.#dialled]) {
      if (connection.remote.host === to) connection.resetBoth();
    }
  }

  listenerAt(port: number, host = this.name): MemoryListener | undefined {
    const listeners = this.#listeners.get(port);
    return listeners?.get(host) ?? listeners?.get(EVERY_HOST);
  }

  #open(port: number, host: string, listener: MemoryListener): void {
    this.#listeners.set(port, (this.#listeners.get(port) ?? new Map()).set(host, listener));
  }

  closeListener(port: number, listener: MemoryListener): void {
    const listeners = this.#listeners.get(port);
    for (const [host, each] of listeners ?? []) if (each === listener) listeners?.delete(host);
    if (listeners?.size === 0) this.#listeners.delete(port);
  }

  /** One end on this host of a connection to `remote`. */
  end(
    ends: { local: Address; remote: Address },
    dialled: boolean,
    peerCertificate: X509Certificate | null,
  ): MemoryConnection {
    const link = this.#network.link(ends.local.host, ends.remote.host);
    const connection = new MemoryConnection(this, link, ends, peerCertificate);
    this.#connections.add(connection);
    if (dialled) this.#dialled.add(connection);
    return connection;
  }

  forget(connection: MemoryConnection): void {
    this.#connections.delete(connection);
    this.#dialled.delete(connection);
  }

  dialFrom(): Address {
    return { host: this.name, port: this.#freePort() };
  }

  #freePort(): number {
    do {
      this.#nextPort = this.#nextPort === PORT_MAX ? EPHEMERAL_PORT_FIRST : this.#nextPort + 1;
    } while (this.#listeners.has(this.#nextPort));
    return this.#nextPort;
  }

  #refusal(address: Address, port: number): Error | undefined {
    if (this.#network.isUnknown(address.host)) return unresolved(address.host);
    if (this.#network.find(address.host) !== this && !isOwn(address.host))
      return networkError('EADDRNOTAVAIL', `${address.host} is not an address of ${this.name}`);
    const listeners = this.#listeners.get(port);
    const host = listeningAt(address.host);
    if (listeners !== undefined && (host === EVERY_HOST || listeners.has(host) || listeners.has(EVERY_HOST)))
      return networkError('EADDRINUSE', `${this.name}:${port} is in use`);
    return undefined;
  }
}

const SYN_RETRY_MS = 1000;

/** A dial: it ends with exactly one event, or with `cancel`. */
class ConnectAttempt implements Timer {
  readonly #host: MemoryHost;
  readonly #address: Address;
  readonly #events: ConnectEvents;
  readonly #security: SecurityContext | undefined;
  readonly #timeout: Timer;
  #done = false;
  #redialMs = SYN_RETRY_MS;

  constructor(
    host: MemoryHost,
    address: Address,
    timeoutMs: number,
    events: ConnectEvents,
    security?: SecurityContext,
  ) {
    this.#host = host;
    this.#address = address;
    this.#events = events;
    this.#security = security;
    this.#timeout = host.clock.after(timeoutMs, () =>
      this.#fail('ETIMEDOUT', `no answer from ${address.host}:${address.port} within ${timeoutMs} ms`),
    );
  }

  cancel(): void {
    this.#done = true;
    this.#timeout.cancel();
  }

  dial(network: MemoryNetwork): void {
    const { name } = this.#host;
    const there = network.link(name, this.#address.host);
    const order: PacketOrder = { lastArrivalMs: 0 };
    there.send(order, () => {
      if (this.#done) return;
      if (network.find(this.#address.host)?.off === true) {
        this.#dialAgain(network);
        return;
      }
      const listener =
        there.cut === 'refuse'
          ? undefined
          : network.find(this.#address.host)?.listenerAt(this.#address.port, this.#address.host);
      if (listener === undefined) this.#refuse(network);
      else this.#establish(network, listener);
    });
  }

  /** Dials again as kernels do: after one second, then two, then four. */
  #dialAgain(network: MemoryNetwork): void {
    this.#host.clock.after(this.#redialMs, () => {
      if (!this.#done) this.dial(network);
    });
    this.#redialMs *= 2;
  }

  #refuse(network: MemoryNetwork): void {
    const back = network.link(this.#address.host, this.#host.name);
    back.send({ lastArrivalMs: 0 }, () => this.#onHost(() => this.#failRefused()));
  }

  #refuseTls(network: MemoryNetwork, reason: string): void {
    const back = network.link(this.#address.host, this.#host.name);
    back.send({ lastArrivalMs: 0 }, () => this.#onHost(() => this.refuse(new TlsRefusal(reason))));
  }

  #failRefused(): void {
    this.#fail('ECONNREFUSED', `${this.#address.host}:${this.#address.port} refused the connection`);
  }

  #establish(network: MemoryNetwork, listener: MemoryListener): void {
    const local = this.#host.dialFrom();
    const server = network.find(this.#address.host);
    if (server === undefined) return;
    const remote = this.#address;
    const dialled = { host: remote.host, dialler: this.#security, from: local.host };
    const shaken = shakeHands(dialled, listener.security);
    if ('refusal' in shaken) {
      listener.refuse(local, shaken.refusal);
      this.#refuseTls(network, shaken.refusal);
      return;
    }
    const near = this.#host.end({ local, remote }, true, shaken.dialled);
    const far = server.end({ local: remote, remote: local }, false, shaken.dialler);
    MemoryConnection.join(near, far);
    far.sendPacket(() => this.#onHost(() => this.#succeed(near)));
    listener.accept(far);
  }

  #succeed(connection: MemoryConnection): void {
    if (this.#done) {
      connection.destroy();
      return;
    }
    if (connection.closed) {
      this.#failRefused();
      return;
    }
    this.cancel();
    this.#events.onConnected(connection);
  }

  #fail(code: string, message: string): void {
    this.refuse(networkError(code, message));
  }

  refuse(error: Error): void {
    if (this.#done) return;
    this.cancel();
    this.#events.onError(error);
  }

  #onHost(run: () => void): void {
    this.#host.clock.enter({ run });
  }
}
