import { oldestOfBusiestHost } from '../runtime/busiest-host.ts';
import type { RatedLog } from '../runtime/logging/rated-log.ts';
import type { Clock, Timer } from '../runtime/runtime.ts';
import type { ElectionConnection } from './election-connection.ts';

/**
 * Limit on accepted connections that have not said who they are. Above it the host with most connections
 * loses its oldest.
 */
export const UNNAMED_CONNECTIONS_MAX = 256;

/** Accepted connections that have not said who they are: a limited number, each for a limited time. */
export class UnnamedConnections {
  readonly #clock: Clock;
  readonly #lines: RatedLog;
  /** How long a connection may stay without saying who it is. */
  readonly #limitMs: number;
  /** Oldest first. */
  readonly #deadlines = new Map<ElectionConnection, Timer>();

  constructor(clock: Clock, lines: RatedLog, limitMs: number) {
    this.#clock = clock;
    this.#lines = lines;
    this.#limitMs = limitMs;
  }

  get size(): number {
    return this.#deadlines.size;
  }

  [Symbol.iterator](): Iterator<ElectionConnection> {
    return this.#deadlines.keys();
  }

  /** Drops another connection when there are too many. */
  makeRoom(): void {
    if (this.#deadlines.size < UNNAMED_CONNECTIONS_MAX) return;
    const oldest = oldestOfBusiestHost([...this.#deadlines.keys()], ({ host }) => host);
    if (oldest !== undefined) this.drop(oldest, 'too many connections that have not said who they are');
  }

  add(connection: ElectionConnection): void {
    const deadline = this.#clock.after(this.#limitMs, () =>
      this.drop(connection, `it has not said who it is within ${this.#limitMs} ms`),
    );
    this.#deadlines.set(connection, deadline);
  }

  /** The connection has said who it is, or has ended. */
  forget(connection: ElectionConnection): void {
    this.#deadlines.get(connection)?.cancel();
    this.#deadlines.delete(connection);
  }

  drop(connection: ElectionConnection, reason: string): void {
    this.forget(connection);
    this.#logClosed(connection, reason);
    connection.close(reason);
  }

  onClosed(connection: ElectionConnection, reason: string, malformed: boolean): void {
    this.forget(connection);
    if (malformed) this.#logClosed(connection, reason);
  }

  #logClosed({ remote }: ElectionConnection, reason: string): void {
    this.#lines.warn('closed election connections', 'an election connection was closed', { remote, reason });
  }

  close(): void {
    for (const [connection, deadline] of this.#deadlines) {
      deadline.cancel();
      connection.close('shutdown');
    }
    this.#deadlines.clear();
  }
}
