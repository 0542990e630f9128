import type { Metrics } from '../admin/metrics.ts';
import type { ServerConfig } from '../config/server-config.ts';
import type { ServerError } from '../errors.ts';
import type { TurnQueue } from '../processors/turn-queue.ts';
import type { ZooKeeperServer } from '../processors/zookeeper-server.ts';
import { listenWithRetry } from '../runtime/bind-retry.ts';
import type { Logger } from '../runtime/logger.ts';
import type { Address, Clock, Connection, Network, Timer } from '../runtime/runtime.ts';
import { ClientConnection, type ConnectionHost } from './client-connection.ts';

/** How often connections are looked at, at the least: those that never asked for a session, and those held back. */
const CHECK_MS_MAX = 1000;
const CHECK_MS_MIN = 1;
/** A session that is held back is touched this often within the shortest timeout. */
const CHECKS_PER_TIMEOUT = 3;

export interface ClientPortParts {
  readonly config: ServerConfig;
  readonly clock: Clock;
  readonly turns: TurnQueue;
  readonly network: Network;
  readonly metrics: Metrics;
  readonly logger: Logger;
  /** The answer to a four-letter word, null when it is none, undefined when it needs more bytes. */
  readonly fourLetterWord: (word: string, argument: Buffer) => string | null | undefined;
  readonly onFatal: (error: ServerError) => void;
}

/**
 * The client port stays open through all changes of role; what serves behind it comes and goes. The first four
 * bytes of a connection are the length of a frame or a four-letter word. @see facts sections 2 and 18
 */
export class ClientPort implements ConnectionHost {
  readonly logger: Logger;
  readonly frameBytesMax: number;
  readonly sessionTimeouts: { readonly minMs: number; readonly maxMs: number };
  readonly turns: TurnQueue;
  readonly #parts: ClientPortParts;
  readonly #perAddress = new Map<string, number>();
  readonly #connections = new Map<ClientConnection, string>();
  #server: ZooKeeperServer | null = null;
  #listener: { close(): void } | null = null;
  #check: Timer | null = null;

  constructor(parts: ClientPortParts) {
    const { config } = parts;
    this.#parts = parts;
    this.logger = parts.logger;
    this.turns = parts.turns;
    this.frameBytesMax = config.jute.frameBytesMax;
    this.sessionTimeouts = { minMs: config.minSessionTimeoutMs, maxMs: config.maxSessionTimeoutMs };
  }

  /** Those without a session, too. */
  get connections(): Iterable<ClientConnection> {
    return this.#connections.keys();
  }

  get connectionCount(): number {
    return this.#connections.size;
  }

  server(): ZooKeeperServer | null {
    return this.#server;
  }

  /** From now on new clients are served by `server`; null: by nobody, they are closed. */
  serve(server: ZooKeeperServer | null): void {
    this.#server = server;
  }

  listen(address: Address, onListening: (port: number) => void): void {
    const { network, clock, config, onFatal } = this.#parts;
    const backlog = config.clientPortListenBacklog > 0 ? config.clientPortListenBacklog : undefined;
    const plan = { name: 'client port', address, triesMax: 1, backlog };
    this.#listener = listenWithRetry({ network, clock, logger: this.logger }, plan, {
      onListening,
      onConnection: connection => this.#accept(connection),
      onGiveUp: onFatal,
    });
    const checkMs = Math.max(
      CHECK_MS_MIN,
      Math.min(CHECK_MS_MAX, this.sessionTimeouts.minMs / CHECKS_PER_TIMEOUT),
    );
    this.#check = clock.every(checkMs, () => this.#look());
  }

  #accept(connection: Connection): void {
    const { config, metrics, clock } = this.#parts;
    const from = connection.remote.host;
    const count = this.#perAddress.get(from) ?? 0;
    const tooMany = config.maxClientCnxns > 0 && count >= config.maxClientCnxns;
    if (tooMany || (config.maxCnxns > 0 && this.#connections.size >= config.maxCnxns)) {
      metrics.counter('connection_rejected').add();
      this.logger.warn('too many connections', {
        from,
        count,
        maxClientCnxns: config.maxClientCnxns,
        maxCnxns: config.maxCnxns,
      });
      connection.destroy('too many connections');
      return;
    }
    const client = new ClientConnection(connection, this, clock);
    this.#connections.set(client, from);
    this.#perAddress.set(from, count + 1);
    let head: Buffer | null = EMPTY;
    connection.start({
      onData: chunk => {
        if (head === null) {
          client.feed(chunk, clock.monotonicMs());
          return;
        }
        head = head.length === 0 ? chunk : Buffer.concat([head, chunk]);
        if (head.length < 4) return;
        const answer = this.#answerTo(head);
        if (answer === undefined) return;
        const bytes = head;
        head = null;
        if (answer === null) {
          client.feed(bytes, clock.monotonicMs());
          return;
        }
        connection.write(Buffer.from(answer, 'utf8'));
        connection.end();
      },
      onClose: () => client.onSocketClosed(),
      onDrain: () => client.drained(),
    });
  }

  #answerTo(bytes: Buffer): string | null | undefined {
    if (bytes[0]! < LOWER_A) return null;
    return this.#parts.fourLetterWord(bytes.toString('latin1', 0, 4), bytes.subarray(4));
  }

  closed(connection: ClientConnection): void {
    const from = this.#connections.get(connection);
    if (from === undefined) return;
    this.#connections.delete(connection);
    this.#parts.metrics.counter('connection_drop_count').add();
    const count = (this.#perAddress.get(from) ?? 1) - 1;
    if (count === 0) this.#perAddress.delete(from);
    else this.#perAddress.set(from, count);
  }

  #look(): void {
    const { clock, config, metrics } = this.#parts;
    const nowMs = clock.monotonicMs();
    for (const connection of [...this.#connections.keys()]) {
      if (!connection.hasSession && nowMs - connection.openedMs > config.sessionlessTimeoutMs) {
        metrics.counter('sessionless_connections_expired').add();
        connection.close('no session asked for in time', true);
      } else {
        connection.touchWhileHeld();
      }
    }
  }

  close(): void {
    this.#listener?.close();
    this.#check?.cancel();
    for (const connection of [...this.#connections.keys()]) connection.close('the server stops');
  }
}

const EMPTY = Buffer.alloc(0);
const LOWER_A = 0x61;
