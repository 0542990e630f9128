import { connectToFirst } from '../runtime/addresses/connect-to-first.ts';
import { formatAddress } from '../runtime/addresses/host-address.ts';
import type { Address, Clock, Connection, Network, Timer } from '../runtime/runtime.ts';

/** Pause between two rounds through the masters, without the extra pause. @see docs/quorum.md "Packets" */
export const ROUND_PAUSE_MS = 100;
/**
 * Pause after the first round. Each further pause is twice as long, up to `ROUND_PAUSE_MS`. A master that has
 * just been elected or synced listens within milliseconds.
 */
const FIRST_PAUSE_MS = 10;

/** Pause after round number `round`, counted from 0, without the extra pause. */
export function roundPauseMs(round: number): number {
  return Math.min(ROUND_PAUSE_MS, FIRST_PAUSE_MS * 2 ** round);
}

/** A server that can be followed. All of its addresses, at least one, are dialed at once. */
export interface Master {
  readonly sid: number;
  readonly addresses: readonly Address[];
}

export interface MasterDialerLimits {
  readonly attemptTimeoutMs: number;
  /** Extra pause after each round: hundreds of observers must not come back at the same moment. */
  readonly extraPauseMs: () => number;
}

export interface MasterDialerEvents {
  onConnected(connection: Connection, master: Master, address: Address): void;
  /** Every master of every round was tried in vain. */
  onGivenUp(reason: string): void;
}

/** Dials masters one after the other, round after round, until one answers. */
export class MasterDialer {
  readonly #parts: { readonly clock: Clock; readonly network: Network };
  readonly #rounds: readonly (readonly Master[])[];
  readonly #limits: MasterDialerLimits;
  readonly #events: MasterDialerEvents;
  #attempt: Timer | null = null;
  /**
   * The master that the dialer dials, or was last connected to; null between two rounds, and after it has
   * given up.
   */
  asked: Master | null = null;
  #round = 0;
  #index = 0;

  constructor(
    parts: { readonly clock: Clock; readonly network: Network },
    rounds: readonly (readonly Master[])[],
    limits: MasterDialerLimits,
    events: MasterDialerEvents,
  ) {
    this.#parts = parts;
    this.#rounds = rounds;
    this.#limits = limits;
    this.#events = events;
  }

  start(): void {
    this.#dial(0, 0);
  }

  /**
   * Goes on with the master after the last one that accepted. A proxy, or a port that is about to close,
   * accepts connections that nobody answers; that counts as a refusal.
   */
  next(): void {
    this.#dial(this.#round, this.#index + 1);
  }

  stop(): void {
    this.#attempt?.cancel();
    this.#attempt = null;
  }

  #dial(round: number, index: number): void {
    this.asked = null;
    const masters = this.#rounds[round];
    if (masters === undefined) {
      this.#events.onGivenUp(`no connection to ${this.#names()} in ${this.#rounds.length} rounds`);
      return;
    }
    const master = masters[index];
    if (master === undefined) {
      const pauseMs = roundPauseMs(round) + this.#limits.extraPauseMs();
      this.#attempt = this.#parts.clock.after(pauseMs, () => this.#dial(round + 1, 0));
      return;
    }
    this.asked = master;
    const { network } = this.#parts;
    this.#attempt = connectToFirst(network, master.addresses, this.#limits.attemptTimeoutMs, {
      onConnected: (connection, address) => {
        this.#attempt = null;
        this.#round = round;
        this.#index = index;
        this.#events.onConnected(connection, master, address);
      },
      onError: () => this.#dial(round, index + 1),
    });
  }

  #names(): string {
    return (this.#rounds.at(-1) ?? []).flatMap(({ addresses }) => addresses.map(formatAddress)).join(', ');
  }
}
