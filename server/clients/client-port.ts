import type { ProviderRegistry } from '../auth/provider-registry.ts';
import type { ServerConfig } from '../config/server-config.ts';
import type { ServerError } from '../errors.ts';
import type { Guard } from '../metrics/guard.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { ServerEvents } from '../metrics/server-events.ts';
import type { ServerStats } from '../metrics/server-stats.ts';
import type { ZooKeeperServer } from '../processors/zookeeper-server.ts';
import { listenWithRetry } from '../runtime/addresses/bind-retry.ts';
import type { Logger } from '../runtime/logging/logger.ts';
import { RatedLog } from '../runtime/logging/rated-log.ts';
import type { Address, Clock, Connection, ConnectionEvents, Network, Timer } from '../runtime/runtime.ts';
import type { AnswerPump } from '../turns/answer-pump.ts';
import type { TurnQueue } from '../turns/turn-queue.ts';
import { InputLedger } from './buffers/input-ledger.ts';
import { OutputLedger } from './buffers/output-ledger.ts';
import { ClientConnection } from './client-connection.ts';
import type { ConnectionHost } from './connection-host.ts';
import { type AnswerPieces, WordAnswer } from './word-answer.ts';

/**
 * Longest interval in ms between two checks of the connections that have asked for no session or are held.
 */
const CHECK_MS_MAX = 1000;
const CHECK_MS_MIN = 1;
/** Number of waiting clients that a new server takes over in one turn of the loop. */
const HANDED_PER_TURN = 500;
/** The port touches a held session this often within the shortest session timeout. */
const CHECKS_PER_TIMEOUT = 3;

export interface ClientPortParts {
  readonly config: ServerConfig;
  readonly clock: Clock;
  readonly turns: TurnQueue;
  readonly network: Network;
  readonly metrics: Metrics;
  readonly events: ServerEvents;
  readonly providers: ProviderRegistry;
  readonly logger: Logger;
  readonly stats: ServerStats;
  readonly guard: Guard;
  readonly answers: AnswerPump;
  /** The answer to a four-letter word; null when `word` is none, undefined when more bytes are needed. */
  readonly fourLetterWord: (word: string, argument: Buffer) => AnswerPieces | null | undefined;
  readonly onFatal: (error: ServerError) => void;
}

/**
 * The client port. It stays open through all changes of role, while the servers behind it come and go. The
 * first four bytes of a connection are the length of a frame or a four-letter word. @see docs/wire.md "Client
 * connections"; docs/operations.md "Four-letter words"
 */
export class ClientPort implements ConnectionHost<ClientConnection> {
  readonly logger: Logger;
  readonly lines: RatedLog;
  readonly events: ServerEvents;
  readonly providers: ProviderRegistry;
  readonly frameBytesMax: number;
  readonly sessionTimeouts: { readonly minMs: number; readonly maxMs: number };
  readonly turns: TurnQueue;
  readonly input = new InputLedger();
  readonly outputs = new OutputLedger();
  /** Connections whose sockets are open, including those that only have output left to send. */
  readonly #sockets = new Set<ClientConnection>();
  readonly #parts: ClientPortParts;
  readonly #perAddress = new Map<string, number>();
  readonly #connections = new Map<ClientConnection, string>();
  /** Connections that no server serves and that wait for the next one. */
  readonly #waiting = new Set<ClientConnection>();
  #server: ZooKeeperServer | null = null;
  /** The server that the waiting connections had. */
  #former: ZooKeeperServer | null = null;
  #listener: { close(): void } | null = null;
  #address: Address | null = null;
  #check: Timer | null = null;
  #relieving = false;

  constructor(parts: ClientPortParts) {
    const { config } = parts;
    this.#parts = parts;
    this.logger = parts.logger;
    this.lines = new RatedLog(parts);
    this.events = parts.events;
    this.providers = parts.providers;
    this.turns = parts.turns;
    this.frameBytesMax = config.jute.frameBytesMax;
    this.sessionTimeouts = { minMs: config.minSessionTimeoutMs, maxMs: config.maxSessionTimeoutMs };
  }

  /** Includes connections without a session. */
  get connections(): Iterable<ClientConnection> {
    return this.#connections.keys();
  }

  get connectionCount(): number {
    return this.#connections.size;
  }

  server(): ZooKeeperServer | null {
    return this.#server;
  }

  /**
   * From now on `server` serves new clients and takes over the waiting ones. With null nobody serves: waiting
   * clients are closed, and so are new ones.
   */
  serve(server: ZooKeeperServer | null): void {
    this.#server = server;
    this.#former?.crowd.settle();
    this.#former = null;
    server?.begin();
    if (server !== null) this.#handOver(server);
    else for (const connection of [...this.#waiting]) connection.close('no server takes it over');
  }

  /**
   * Takes the clients away from the server that is about to end, which would close them. They wait for the
   * next server. @see docs/sessions.md "Hand-over"
   */
  keep(): void {
    this.#former ??= this.#server;
    this.#server = null;
    const nowMs = this.#parts.clock.monotonicMs();
    for (const connection of [...this.#connections.keys()])
      if (connection.leave(nowMs)) this.#waiting.add(connection);
  }

  #handOver(server: ZooKeeperServer): void {
    let left = HANDED_PER_TURN;
    for (const connection of this.#waiting) {
      if (left-- === 0) {
        this.#parts.clock.inNextTurn(() => {
          if (this.#server === server) this.#handOver(server);
        });
        return;
      }
      this.#waiting.delete(connection);
      connection.join(server);
    }
  }

  /** Where new clients connect; null when there is no client port. */
  get address(): Address | null {
    return this.#address;
  }

  /** Opens the port. A server whose port is not free does not start. */
  listen(address: Address): void {
    this.#open(address, 1);
  }

  /**
   * A reconfiguration has moved the port. Clients that are connected stay. A port that is not free is tried
   * until it is: the server goes on without new clients meanwhile. @see NIOServerCnxnFactory.reconfigure
   */
  move(address: Address): void {
    this.#listener?.close();
    this.#open(address, 0);
  }

  /** A reconfiguration has left this server without a client port. */
  shut(): void {
    this.#listener?.close();
    this.#listener = null;
    this.#address = null;
    for (const connection of [...this.#connections.keys()])
      connection.close('this server has no client port');
  }

  #open(address: Address, triesMax: number): void {
    const { network, clock, config, onFatal } = this.#parts;
    const backlog = config.clientPortListenBacklog > 0 ? config.clientPortListenBacklog : undefined;
    const plan = { name: 'client port', address, triesMax, backlog, forClients: true };
    this.#address = address;
    this.#listener = listenWithRetry({ network, clock, logger: this.logger }, plan, {
      onListening: port => this.logger.info('the client port listens', { port }),
      onConnection: connection => this.#accept(connection),
      onGiveUp: onFatal,
    });
    const checkMs = Math.max(
      CHECK_MS_MIN,
      Math.min(CHECK_MS_MAX, this.sessionTimeouts.minMs / CHECKS_PER_TIMEOUT),
    );
    this.#check ??= clock.every(checkMs, () => this.#look());
  }

  #accept(connection: Connection): void {
    const { config, metrics, clock } = this.#parts;
    const from = connection.remote.host;
    const count = this.#perAddress.get(from) ?? 0;
    if (config.clientTcpKeepAlive) connection.keepAlive();
    const tooMany = config.maxClientCnxns > 0 && count >= config.maxClientCnxns;
    if (tooMany || (config.maxCnxns > 0 && this.#connections.size >= config.maxCnxns)) {
      metrics.counter('connection_rejected').add();
      const limit = tooMany
        ? `${count} from its address (maxClientCnxns)`
        : `${this.#connections.size} (maxCnxns)`;
      const reason = `too many connections: ${limit}`;
      this.events.emit({ kind: 'clientRefused', from, session: null, reason });
      connection.destroy('too many connections');
      return;
    }
    const client = new ClientConnection(connection, this, clock);
    this.#connections.set(client, from);
    this.#perAddress.set(from, count + 1);
    this.#sockets.add(client);
    let head: Buffer | null = EMPTY;
    let word: WordAnswer | null = null;
    let hasLeft = false;
    /**
     * Counts as upstream does: only clients that left by themselves, not those that the server answered or
     * closed.
     */
    const left = (): void => {
      if (!hasLeft) metrics.counter('connection_drop_count').add();
      hasLeft = true;
    };
    const events: ConnectionEvents = {
      onData: chunk => {
        if (word !== null) return;
        if (head === null) {
          client.feed(chunk, clock.monotonicMs());
          return;
        }
        head = head.length === 0 ? chunk : Buffer.concat([head, chunk]);
        if (head.length < 4) return;
        const pieces = this.#answerTo(head);
        if (pieces === undefined) return;
        const bytes = head;
        head = null;
        if (pieces === null) client.feed(bytes, clock.monotonicMs());
        else word = this.#answerWord(bytes, pieces, connection, client);
      },
      onClose: reason => {
        if (word === null && reason === CLOSED_BY_PEER) left();
        word?.readerGone();
        client.onSocketClosed();
        this.#sockets.delete(client);
      },
      onDrain: () => {
        if (word === null) client.drained();
        else word.drained();
      },
      onEnd: () => {
        // Scripts such as netcat close their half of the connection after the word.
        if (word !== null) return true;
        left();
        return client.peerEnded();
      },
    };
    connection.start(events, this.outputs);
    if (!client.ids.connected()) client.close('its address or certificate is not accepted', true);
  }

  #answerTo(bytes: Buffer): AnswerPieces | null | undefined {
    if (bytes[0]! < LOWER_A) return null;
    return this.#parts.fourLetterWord(bytes.toString('latin1', 0, 4), bytes.subarray(4));
  }

  #answerWord(
    bytes: Buffer,
    pieces: AnswerPieces,
    connection: Connection,
    client: ClientConnection,
  ): WordAnswer {
    const { stats, answers } = this.#parts;
    client.isWord = true;
    const to = { connection, stats: client.stats, totals: this.#server === null ? null : stats };
    return new WordAnswer(bytes.toString('latin1', 0, 4), pieces, to, answers);
  }

  /**
   * The server holds more input or output than its limits: the connections that hold most are closed first.
   */
  relieve(): void {
    if (this.#relieving) return;
    this.#relieving = true;
    const { input, outputs } = this;
    if (input.isOver) {
      const total = `all clients together have ${input.keptBytes} bytes in frames that are not whole or that wait`;
      cutGreediest(
        this.#connections.keys(),
        client => client.input.keptBytes,
        total,
        () => input.isEased,
      );
    }
    if (outputs.isOver) {
      const total = `${outputs.bytes} bytes wait for all clients together`;
      cutGreediest(
        this.#sockets,
        client => client.output.keptBytes,
        total,
        () => outputs.isEased,
      );
    }
    this.#relieving = false;
  }

  closed(connection: ClientConnection): void {
    this.#waiting.delete(connection);
    const from = this.#connections.get(connection);
    if (from === undefined) return;
    this.#connections.delete(connection);
    const count = (this.#perAddress.get(from) ?? 1) - 1;
    if (count === 0) this.#perAddress.delete(from);
    else this.#perAddress.set(from, count);
  }

  /**
   * Each client is checked under its own guard: a failure with one client must not skip the others. Nothing
   * here changes replicated state.
   */
  #look(): void {
    const { clock, guard } = this.#parts;
    const nowMs = clock.monotonicMs();
    for (const connection of [...this.#connections.keys()])
      guard.run('the check of a client connection', () => this.#lookAt(connection, nowMs), undefined);
  }

  #lookAt(connection: ClientConnection, nowMs: number): void {
    const { config, metrics } = this.#parts;
    if (connection.input.stallsOthers(nowMs)) {
      connection.cut('frames of other clients wait for one that does not come');
      return;
    }
    if (connection.waitsInVain(nowMs)) {
      connection.close('no server followed within the timeout of its session');
    } else if (connection.hasSession || connection.isWord) {
      connection.touchWhileHeld();
    } else if (connection.lacksSession(nowMs, config.sessionlessTimeoutMs)) {
      metrics.counter('sessionless_connections_expired').add();
      connection.close('the client asked for no session in time', true);
    }
  }

  close(): void {
    this.#listener?.close();
    this.#check?.cancel();
    for (const connection of [...this.#connections.keys()]) connection.close('the server stops');
  }
}

/** The close reason of a connection that its peer ended. */
const CLOSED_BY_PEER = 'closed by peer';
function cutGreediest(
  clients: Iterable<ClientConnection>,
  bytesOf: (client: ClientConnection) => number,
  total: string,
  isEnough: () => boolean,
): void {
  const byBytes = [...clients].map(client => ({ client, bytes: bytesOf(client) }));
  byBytes.sort((a, b) => b.bytes - a.bytes);
  for (const { client, bytes } of byBytes) {
    if (bytes === 0 || isEnough()) return;
    client.cut(`${total}, and ${bytes} of them are of this one`);
  }
}

const EMPTY = Buffer.alloc(0);
const LOWER_A = 0x61;
