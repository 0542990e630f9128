import type { Acl, Id } from '../wire/acl.ts';
import { OPEN_ACL_UNSAFE } from '../wire/acl.ts';
import type { Matcher } from './matcher.ts';
import type { ProviderRegistry } from './provider-registry.ts';
import { ANYONE } from './world-provider.ts';

const ALL_PERMS = -1;

/** Number of lists whose decision is kept for one client. */
const DECISIONS_PER_CLIENT_MAX = 1024;

/**
 * An indexed ACL: a check costs as many steps as the client has identities, however many entries the list
 * has. A list of 900 KB is indexed once, not for each of the fifty thousand checks that fit into one multi.
 */
class AclIndex {
  readonly #providers: ProviderRegistry;
  readonly #byScheme = new Map<string, Matcher>();

  constructor(acl: readonly Acl[], providers: ProviderRegistry) {
    this.#providers = providers;
    for (const { perms, id } of acl) {
      let matcher = this.#byScheme.get(id.scheme);
      if (matcher === undefined) {
        matcher = providers.matcherOf(id.scheme);
        this.#byScheme.set(id.scheme, matcher);
      }
      matcher.grant(id.id, perms);
    }
  }

  /** The permissions that the list grants to whoever has these identities, as bits. */
  permsOf(ids: readonly Id[]): number {
    let perms = this.#permsOf(ANYONE.scheme, ANYONE.id);
    for (const { scheme, id } of ids) {
      if (this.#providers.get(scheme)?.passesAnyAcl === true) return ALL_PERMS;
      perms |= this.#permsOf(scheme, id);
    }
    return perms;
  }

  #permsOf(scheme: string, id: string): number {
    return this.#byScheme.get(scheme)?.permsOf(id) ?? 0;
  }
}

/** The decisions for one client, known by its array of identities, which only grows. */
interface Decisions {
  readonly idCount: number;
  byAcl: WeakMap<readonly Acl[], number>;
  size: number;
}

/**
 * Decides what clients may do, once for each list and client. It keeps nothing alive except the last list and
 * client.
 */
export class AclDecisions {
  readonly providers: ProviderRegistry;
  readonly #indexes = new WeakMap<readonly Acl[], AclIndex>();
  readonly #byIds = new WeakMap<readonly Id[], Decisions>();
  #lastAcl: readonly Acl[] = OPEN_ACL_UNSAFE;
  #lastIds: readonly Id[] | null = null;
  #lastIdCount = 0;
  #lastPerms = 0;

  constructor(providers: ProviderRegistry) {
    this.providers = providers;
  }

  /**
   * Whether `ids`, the identities of a connection, grant one of the permissions `perm` under `acl`. The
   * identity "super" may do anything. An empty list admits nobody else: no client can set one, but a node
   * whose ACL a fuzzy snapshot lacks has it until the log brings the real one. Neither array may change,
   * except that identities may be added.
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
      index = new AclIndex(acl, this.providers);
      this.#indexes.set(acl, index);
    }
    return index;
  }
}
