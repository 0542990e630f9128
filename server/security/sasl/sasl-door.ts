import { oldestOfBusiestHost } from '../../runtime/busiest-host.ts';
import type { Address, Clock, Connection, Timer } from '../../runtime/runtime.ts';
import { HANDSHAKE_MS_MAX, HANDSHAKES_MAX } from '../../runtime/tls/tls-door.ts';
import type { AuthServerSide, AuthStep } from './auth-sides.ts';

/**
 * How long a peer that need not authenticate may take to begin the handshake. After that it is let in,
 * because it may be waiting for a vote itself.
 */
export const SILENCE_MS = 500;

export interface SaslDoorEvents {
  /** The peer has authenticated, or need not. Other bytes that it has sent are unread. */
  onConnection(connection: Connection): void;
  onRefused(from: Address, reason: string): void;
}

/**
 * Connections accepted on a port between members, until their peers have authenticated or are refused. Their
 * number and their time are limited, and each keeps no more than one packet.
 */
export class SaslDoor {
  readonly #clock: Clock;
  readonly #newSide: () => AuthServerSide;
  readonly #events: SaslDoorEvents;
  /** Connections with their deadlines, oldest first. */
  readonly #visits = new Map<Connection, Timer>();

  constructor(clock: Clock, newSide: () => AuthServerSide, events: SaslDoorEvents) {
    this.#clock = clock;
    this.#newSide = newSide;
    this.#events = events;
  }

  take(connection: Connection): void {
    const side = this.#newSide();
    const deadline = this.#clock.after(HANDSHAKE_MS_MAX, () =>
      this.#drop(connection, `it has not authenticated within ${HANDSHAKE_MS_MAX} ms`),
    );
    this.#visits.set(connection, deadline);
    connection.start({
      onData: chunk => {
        if (this.#visits.has(connection)) this.#perform(connection, side, side.take(chunk));
      },
      onEnd: () => {
        if (this.#visits.has(connection)) this.#perform(connection, side, side.end());
        return true;
      },
      onClose: () => this.#settle(connection),
    });
    if (this.#visits.size <= HANDSHAKES_MAX) return;
    const leaving = oldestOfBusiestHost([...this.#visits.keys()], ({ remote }) => remote.host);
    if (leaving !== undefined) this.#drop(leaving, `${HANDSHAKES_MAX} newer handshakes are under way`);
  }

  #perform(connection: Connection, side: AuthServerSide, step: AuthStep): void {
    switch (step.type) {
      case 'wait':
        if (step.mayBeAll) this.#clock.after(SILENCE_MS, () => this.#onSilence(connection, side));
        return;
      case 'send':
        connection.write(step.bytes);
        return;
      case 'done':
        this.#settle(connection);
        if (step.bytes !== null) connection.write(step.bytes);
        connection.stop(step.rest);
        this.#events.onConnection(connection);
        return;
      case 'refuse':
        this.#settle(connection);
        if (step.bytes !== null) connection.write(step.bytes);
        connection.end();
        this.#events.onRefused(connection.remote, step.reason);
        return;
      case 'leave':
        this.#settle(connection);
        connection.destroy('closed by peer');
    }
  }

  #onSilence(connection: Connection, side: AuthServerSide): void {
    if (this.#visits.has(connection)) this.#perform(connection, side, side.silence());
  }

  /** Refuses a peer that has not finished. */
  #drop(connection: Connection, reason: string): void {
    this.#settle(connection);
    connection.destroy(reason);
    this.#events.onRefused(connection.remote, reason);
  }

  #settle(connection: Connection): void {
    this.#visits.get(connection)?.cancel();
    this.#visits.delete(connection);
  }

  close(): void {
    for (const connection of [...this.#visits.keys()]) {
      this.#settle(connection);
      connection.destroy('shutdown');
    }
  }
}
