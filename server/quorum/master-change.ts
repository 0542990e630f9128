import type { Master } from '../learner/master-dialer.ts';
import type { Observer } from '../learner/observer.ts';
import { connectToFirst } from '../runtime/addresses/connect-to-first.ts';
import { canonicalHost, formatAddress } from '../runtime/addresses/host-address.ts';
import type { Logger } from '../runtime/logging/logger.ts';
import type { Clock, Network, Timer } from '../runtime/runtime.ts';

/** Limit on the wait until the requested master accepts a connection. */
const ANSWER_MS_MAX = 2000;
/** Limit on the wait until the present master has answered what is under way. */
const DRAIN_MS_MAX = 1000;

export interface MasterChangeParts {
  readonly clock: Clock;
  readonly network: Network;
  readonly logger: Logger;
  /** Every master that this observer may have. */
  readonly candidates: () => readonly Master[];
  /** The observer has to leave its present master for `master`. */
  readonly leave: (observer: Observer, master: Master) => void;
}

export interface MasterRequest {
  readonly sid: number;
  readonly outcome: string;
}

/**
 * Moves an observer to another master, as an operator asks. The observer leaves only if the other master
 * accepts connections, and once no request is under way at the present one. @see docs/observers.md "Move an
 * observer to another master"; Observer.setLearnerMaster
 */
export class MasterChange {
  readonly #parts: MasterChangeParts;
  #wait: Timer | null = null;
  /**
   * The requested master, from the moment when the observer leaves its master until some master serves it.
   */
  #target: Master | null = null;
  #isLeaving = false;
  /** The last request and what became of it; null when there was none. */
  last: MasterRequest | null = null;

  constructor(parts: MasterChangeParts) {
    this.#parts = parts;
  }

  /** The observer has left a master, and no other serves it yet. */
  get isUnderWay(): boolean {
    return this.#target !== null;
  }

  /** True once for each change: the next master follows the same leader. */
  takeLeaving(): boolean {
    const isLeaving = this.#isLeaving;
    this.#isLeaving = false;
    return isLeaving;
  }

  /** Begins the change. Returns why it cannot, or null. `name`: a sid, a host, or host:port. */
  request(observer: Observer, name: string): string | null {
    const candidates = this.#parts.candidates();
    const master = candidates.find(each => isNamed(each, name));
    if (master === undefined) {
      const accepted = candidates.map(({ sid, addresses }) => `${sid} (${addresses.map(formatAddress)})`);
      return `Not a valid learner master; accepted is one of ${accepted.join(', ')}`;
    }
    this.#wait?.cancel();
    if (master.sid === observer.masterSid) this.#report(master, 'already followed');
    else this.#ask(observer, master);
    return null;
  }

  #report({ sid }: Master, outcome: string): void {
    this.last = { sid, outcome };
    this.#parts.logger.info('this observer was asked to follow another master', { master: sid, outcome });
  }

  #ask(observer: Observer, master: Master): void {
    this.last = { sid: master.sid, outcome: 'under way' };
    this.#wait = connectToFirst(this.#parts.network, master.addresses, ANSWER_MS_MAX, {
      onConnected: connection => {
        connection.destroy('it answers');
        this.#drain(observer, master);
      },
      onError: error => {
        this.#wait = null;
        this.#report(master, `refused: ${error.message}`);
      },
    });
  }

  #drain(observer: Observer, master: Master): void {
    const go = (): void => {
      if (this.#wait !== limit) return;
      limit.cancel();
      this.#wait = null;
      this.#target = master;
      this.#isLeaving = true;
      this.#parts.leave(observer, master);
    };
    const limit = this.#parts.clock.after(DRAIN_MS_MAX, go);
    this.#wait = limit;
    observer.drain(go);
  }

  /** Some master serves the observer. */
  onServed(sid: number | null): void {
    const target = this.#target;
    this.#target = null;
    if (target === null) return;
    this.#report(target, sid === target.sid ? 'followed' : `not followed: server ${sid} is followed instead`);
  }

  /** The observer has no master any more. */
  onLost(): void {
    this.#wait?.cancel();
    this.#wait = null;
  }
}

function isNamed({ sid, addresses }: Master, name: string): boolean {
  if (/^\d+$/.test(name)) return sid === Number(name);
  return addresses.some(
    address => canonicalHost(name) === canonicalHost(address.host) || name === formatAddress(address),
  );
}
