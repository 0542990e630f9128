import type { MemberSpec } from './member.ts';

/** One direction between two addresses. A member dials from its first address, and is dialed at any. */
type Link = readonly [from: string, to: string];

/** The addresses of the members, and those of them that are lost. */
export class MemberAddresses {
  readonly #bySid: ReadonlyMap<number, readonly [first: string, ...others: string[]]>;
  #lost: readonly { readonly sid: number; readonly network: number }[] = [];

  constructor(specs: readonly MemberSpec[]) {
    this.#bySid = new Map(specs.map(({ sid, name, further = [] }) => [sid, [name, ...further]]));
  }

  /** All links on which what one member sends reaches the other. */
  linksOf(from: number, to: number): Link[] {
    const [own, ...ownOthers] = this.#of(from);
    const [peer, ...peerOthers] = this.#of(to);
    return [
      ...[peer, ...peerOthers].map((at): Link => [own, at]),
      ...ownOthers.map((at): Link => [at, peer]),
    ];
  }

  /** Networks are numbered from 1. False while an address is lost already, or where nobody has another. */
  lose(sids: readonly number[], network: number): boolean {
    if (this.hasLost) return false;
    this.#lost = sids.filter(sid => this.#of(sid).length > 1).map(sid => ({ sid, network }));
    return this.hasLost;
  }

  find(): void {
    this.#lost = [];
  }

  get hasLost(): boolean {
    return this.#lost.length > 0;
  }

  get lost(): string[] {
    return this.#lost.map(({ sid, network }) => this.#at(sid, network));
  }

  /** All links to and from the lost addresses. Who has lost one does not dial on that network either. */
  get lostLinks(): Link[] {
    return this.#lost.flatMap(({ sid, network }) => {
      const own = this.#at(sid, network);
      const [first] = this.#of(sid);
      const others = [...this.#bySid.keys()].filter(other => other !== sid);
      return others.flatMap((other): Link[] => {
        const theirs = this.#at(other, network);
        const [peer] = this.#of(other);
        return [
          [peer, own],
          [own, peer],
          [first, theirs],
          [theirs, first],
        ];
      });
    });
  }

  #of(sid: number): readonly [string, ...string[]] {
    const addresses = this.#bySid.get(sid);
    if (addresses === undefined) throw new RangeError(`no member with sid ${sid}`);
    return addresses;
  }

  #at(sid: number, network: number): string {
    const address = this.#of(sid)[network - 1];
    if (address === undefined) throw new RangeError(`member ${sid} has no address on network ${network}`);
    return address;
  }
}
