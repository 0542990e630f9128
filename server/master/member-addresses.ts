import type { Membership } from '../membership/membership.ts';
import type { Clock, Network, Timer } from '../runtime/runtime.ts';

export interface MemberAddressesParts {
  readonly clock: Clock;
  readonly network: Pick<Network, 'addressesOf'>;
  readonly membership: Membership;
  readonly config: { readonly tickTimeMs: number };
}

/**
 * Addresses of the observers that the configuration names. Anybody can claim an observer's id at a master's
 * port. Only that observer's machine can do so from its own address.
 */
export class MemberAddresses {
  readonly #parts: MemberAddressesParts;
  readonly #known = new Map<number, ReadonlySet<string>>();
  /** Monotonic time of the last look-up for each observer. */
  readonly #askedMs = new Map<number, number>();
  readonly #open = new Set<Timer>();

  constructor(parts: MemberAddressesParts) {
    this.#parts = parts;
  }

  /** Whether `host` is an address of observer `sid`, as far as is known by now. */
  has(sid: number, host: string): boolean {
    return this.#known.get(sid)?.has(host) === true;
  }

  /**
   * Called when a connection from `host` says that it is server `sid`. Looks up the names of an observer, at
   * most once a tick, when they are not known to have that address, because members may move.
   */
  claimed(sid: number, host: string): void {
    const { clock, membership, config } = this.#parts;
    const member = membership.servers.get(sid);
    if (member?.role !== 'observer' || this.has(sid, host)) return;
    const nowMs = clock.monotonicMs();
    const askedMs = this.#askedMs.get(sid);
    if (askedMs !== undefined && nowMs - askedMs < config.tickTimeMs) return;
    this.#askedMs.set(sid, nowMs);
    const found = new Set<string>();
    for (const name of new Set(member.addresses.map(address => address.host)))
      this.#lookUp(name, addresses => {
        for (const address of addresses) found.add(address);
        this.#known.set(sid, found);
      });
  }

  #lookUp(name: string, done: (addresses: readonly string[]) => void): void {
    const open = this.#parts.network.addressesOf(name, addresses => {
      this.#open.delete(open);
      done(addresses);
    });
    this.#open.add(open);
  }

  close(): void {
    for (const lookUp of this.#open) lookUp.cancel();
    this.#open.clear();
  }
}
