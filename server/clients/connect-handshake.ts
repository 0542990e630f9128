import type { ServerEvents } from '../metrics/server-events.ts';
import type { ServerCnxn } from '../processors/server-cnxn.ts';
import type { ZooKeeperServer } from '../processors/zookeeper-server.ts';
import { sessionIdHex, sessionPassword } from '../sessions/session-id.ts';
import type { ConnectRequest } from '../wire/connect.ts';
import type { ClientOutput } from './buffers/client-output.ts';
import { judgeConnectRequest } from './connect-verdict.ts';

/** The connection, as its handshake uses it. */
export interface ConnectingClient extends ServerCnxn {
  /** host:port */
  readonly remote: string;
  readonly output: ClientOutput;
  /** The server has to say whether the client gets a session; the client's next requests wait for that. */
  connecting(): void;
  /** The client asks for this session, which may not be its own. */
  claim(sessionId: bigint): void;
}

const NO_PASSWORD = Buffer.alloc(16);

/**
 * The handshake of one connection: its first frame asks the server for a session, and the response says which
 * one it got, if any. @see docs/wire.md "Client connections"
 */
export class ConnectHandshake {
  readonly #client: ConnectingClient;
  readonly #server: ZooKeeperServer;
  readonly #request: ConnectRequest;
  readonly #events: ServerEvents;
  /** Monotonic. */
  #startedMs = 0;
  /** Timeout of the session that the client asks for. */
  #timeoutMs = 0;

  constructor(
    client: ConnectingClient,
    server: ZooKeeperServer,
    request: ConnectRequest,
    events: ServerEvents,
  ) {
    this.#client = client;
    this.#server = server;
    this.#request = request;
    this.#events = events;
  }

  /** Asks the server for the session, so that `accept` or `refuse` follows; or closes the client at once. */
  start(timeouts: { readonly minMs: number; readonly maxMs: number }): void {
    const server = this.#server;
    const client = this.#client;
    const { sessionId } = this.#request;
    server.parts.metrics.counter('connection_request_count').add();
    const verdict = judgeConnectRequest(this.#request, server, timeouts);
    if (verdict.kind === 'close') {
      this.#tellRefused(verdict.reason);
      client.close(verdict.reason);
      return;
    }
    this.#startedMs = server.parts.clock.monotonicMs();
    if (verdict.kind !== 'refuse') this.#timeoutMs = verdict.timeoutMs;
    client.connecting();
    switch (verdict.kind) {
      case 'open':
        server.openSession(client, verdict.timeoutMs);
        return;
      case 'renew':
        client.claim(sessionId);
        server.parts.metrics.counter('connection_revalidate_count').add();
        server.renewSession(client, sessionId, verdict.timeoutMs);
        return;
      case 'refuse':
        this.#tellRefused(verdict.reason);
        client.refused();
    }
  }

  /** The server has not answered within the timeout of the session, nor within `limitMs`. */
  isLate(nowMs: number, limitMs: number): boolean {
    return nowMs - this.#startedMs > Math.max(limitMs, this.#timeoutMs);
  }

  #tellRefused(reason: string): void {
    const { sessionId } = this.#request;
    const session = sessionId === 0n ? null : sessionIdHex(sessionId);
    this.#events.emit({ kind: 'clientRefused', from: this.#client.remote, session, reason });
  }

  accept(sessionId: bigint, timeoutMs: number): void {
    this.#respond(timeoutMs, sessionId, sessionPassword(sessionId));
  }

  refuse(): void {
    this.#respond(0, 0n, NO_PASSWORD);
  }

  /** A client from before 3.4 sends no byte for `readOnly`, and gets none. */
  #respond(timeoutMs: number, sessionId: bigint, password: Buffer): void {
    const readOnly = this.#request.readOnly === undefined ? undefined : this.#server.isReadOnly;
    const response = { protocolVersion: 0, timeoutMs, sessionId, password, readOnly };
    this.#client.output.connectResponse(response, this.#server.parts.stats);
  }
}
