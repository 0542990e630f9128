import type { Address, Clock, Connection, Network } from '../../server/runtime/runtime.ts';
import type { Conversation } from './conversation.ts';

const CONNECT_TIMEOUT_MS = 1_000;

/** Holds one conversation over any network: simulated or of this machine. It ignores all answers. */
export class Attacker {
  readonly #conversation: Conversation;
  readonly #clock: Clock;
  #connection: Connection | null = null;
  #at = 0;
  /** Whether its connection has ended. */
  gone = false;

  constructor(conversation: Conversation, network: Network, clock: Clock, address: Address) {
    this.#conversation = conversation;
    this.#clock = clock;
    network.connect(address, CONNECT_TIMEOUT_MS, {
      onConnected: connection => this.#begin(connection),
      onError: () => {
        this.gone = true;
      },
    });
  }

  #begin(connection: Connection): void {
    this.#connection = connection;
    connection.start({
      onData() {},
      onClose: () => {
        this.#connection = null;
        this.gone = true;
      },
    });
    if (!this.#conversation.reads) connection.pause();
    this.#say();
  }

  #say(): void {
    if (this.#connection === null) return;
    const { chunks, gapMs, ending } = this.#conversation;
    const chunk = chunks[this.#at++];
    if (chunk === undefined) {
      if (ending === 'end') this.#connection.end();
      else if (ending === 'reset') this.#connection.destroy('an attacker leaves');
      return;
    }
    this.#connection.write(chunk);
    this.#clock.after(gapMs, () => this.#say());
  }

  leave(): void {
    this.#connection?.destroy('the round is over');
  }
}
