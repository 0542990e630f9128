import { addressBytes, parseIpRange, prefixOf } from '../runtime/ip-address.ts';
import type { Acl, Id } from '../wire/acl.ts';
import { OPEN_ACL_UNSAFE } from '../wire/acl.ts';

const ALL_PERMS = -1;
/** Behind the address of a client on a link of this machine, which no ACL names. */
const ZONE = /%.*$/;

/** Lists whose decision is kept for one client. */
const DECISIONS_PER_CLIENT_MAX = 1024;

/** Perms by the first bits of an address, by how many bits that is. */
type Ranges = Map<number, Map<number | string, number>>;

/**
 * A list in the form in which a check costs what the client has identities, however many entries the list
 * has: a list of 900 KB is taken apart once, not for each of the fifty thousand checks that fit into one
 * multi.
 */
class AclIndex {
  #world = 0;
  readonly #exact = new Map<string, Map<string, number>>();
  readonly #ranges = { 4: new Map() as Ranges, 16: new Map() as Ranges };

  constructor(acl: readonly Acl[]) {
    for (const { perms, id } of acl) {
      if (isWorld(id)) this.#world |= perms;
      else if (id.scheme === 'ip') this.#addRange(perms, id.id);
      else grant(this.#exact, id.scheme, id.id, perms);
    }
  }

  /** The permissions that the list grants to whoever has these identities, as bits. */
  permsOf(ids: readonly Id[]): number {
    let perms = this.#world;
    for (const { scheme, id } of ids) {
      if (scheme === 'super') return ALL_PERMS;
      perms |= scheme === 'ip' ? this.#permsAt(id) : (this.#exact.get(scheme)?.get(id) ?? 0);
    }
    return perms;
  }

  #addRange(perms: number, text: string): void {
    const range = parseIpRange(text);
    if (range === null) return;
    const { bytes, bits } = range;
    grant(this.#ranges[bytes.length === 4 ? 4 : 16], bits, prefixOf(bytes, bits), perms);
  }

  #permsAt(address: string): number {
    const bytes = addressBytes(address.replace(ZONE, ''));
    if (bytes === null) return 0;
    let perms = 0;
    for (const [bits, ranges] of this.#ranges[bytes.length === 4 ? 4 : 16]) {
      perms |= ranges.get(prefixOf(bytes, bits)) ?? 0;
    }
    return perms;
  }
}

/** What is known of one client, by its array of identities, which only ever grows. */
interface Decisions {
  readonly idCount: number;
  byAcl: WeakMap<readonly Acl[], number>;
  size: number;
}

/**
 * Who may do what, decided once for each list and client. Nothing is held here beyond the lists and the
 * clients themselves but the last pair.
 */
export class AclDecisions {
  readonly #indexes = new WeakMap<readonly Acl[], AclIndex>();
  readonly #byIds = new WeakMap<readonly Id[], Decisions>();
  #lastAcl: readonly Acl[] = OPEN_ACL_UNSAFE;
  #lastIds: readonly Id[] | null = null;
  #lastIdCount = 0;
  #lastPerms = 0;

  /**
   * Whether `ids`, the identities of a connection, grant one of the permissions `perm` under `acl`. The
   * identity "super" may do anything. An empty list lets nobody else in: no client can set one, but a node
   * whose ACL a fuzzy snapshot lacks has it until the log brings the real one. Neither array may change, but
   * for identities that are added.
   */
  allows(acl: readonly Acl[], perm: number, ids: readonly Id[]): boolean {
    if (acl === OPEN_ACL_UNSAFE) return true;
    if (acl !== this.#lastAcl || ids !== this.#lastIds || ids.length !== this.#lastIdCount) {
      this.#lastPerms = this.#permsOf(acl, ids);
      this.#lastAcl = acl;
      this.#lastIds = ids;
      this.#lastIdCount = ids.length;
    }
    return (this.#lastPerms & perm) !== 0;
  }

  #permsOf(acl: readonly Acl[], ids: readonly Id[]): number {
    let decisions = this.#byIds.get(ids);
    if (
      decisions === undefined ||
      decisions.idCount !== ids.length ||
      decisions.size >= DECISIONS_PER_CLIENT_MAX
    ) {
      decisions = { idCount: ids.length, byAcl: new WeakMap(), size: 0 };
      this.#byIds.set(ids, decisions);
    }
    let perms = decisions.byAcl.get(acl);
    if (perms === undefined) {
      perms = this.#indexOf(acl).permsOf(ids);
      decisions.byAcl.set(acl, perms);
      decisions.size++;
    }
    return perms;
  }

  #indexOf(acl: readonly Acl[]): AclIndex {
    let index = this.#indexes.get(acl);
    if (index === undefined) {
      index = new AclIndex(acl);
      this.#indexes.set(acl, index);
    }
    return index;
  }
}

export function isWorld(id: Id): boolean {
  return id.scheme === 'world' && id.id === 'anyone';
}

function grant<A, B>(table: Map<A, Map<B, number>>, first: A, second: B, perms: number): void {
  const row = table.get(first);
  if (row === undefined) table.set(first, new Map([[second, perms]]));
  else row.set(second, (row.get(second) ?? 0) | perms);
}
