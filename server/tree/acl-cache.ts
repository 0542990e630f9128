import { createHash } from 'node:crypto';
import { invariant } from '../errors.ts';
import { type Acl, OPEN_ACL_UNSAFE, Perms } from '../wire/acl.ts';

/** The key of the open ACL in snapshots, which do not store it. @see docs/storage.md "Snapshots" */
export const OPEN_ACL_KEY = -1;

interface Entry {
  readonly acl: readonly Acl[];
  readonly key: number;
  /** @see textOf */
  readonly text: string;
  /** Number of nodes that hold it; the last one removes the entry. */
  usage: number;
}

/**
 * Every ACL list of the tree, once. Nodes with equal lists share one object, so a million nodes hold a
 * handful of lists, and "is this the open ACL" is a comparison of references. Snapshots name lists by the
 * keys kept here.
 *
 * @see ReferenceCountedACLCache
 */
export class AclCache {
  readonly #byText = new Map<string, Entry>();
  readonly #byList = new Map<readonly Acl[], Entry>();
  readonly #byKey = new Map<number, Entry>();
  #lastKey = 0;
  /** The entry found last, because one application tends to use one ACL. */
  #recent: Entry | null = null;

  /**
   * Returns the shared list equal to `acl` and counts one more holder: pair each call with a call of
   * `release`.
   */
  acquire(acl: readonly Acl[]): readonly Acl[] {
    if (acl === OPEN_ACL_UNSAFE || isOpen(acl)) return OPEN_ACL_UNSAFE;
    const entry = this.#knownAs(acl) ?? this.#entryFor(acl);
    this.#recent = entry;
    entry.usage++;
    return entry.acl;
  }

  /** `acl` must be a list that `acquire` returned. */
  release(acl: readonly Acl[]): void {
    if (acl === OPEN_ACL_UNSAFE) return;
    const entry = this.#byList.get(acl);
    if (entry !== undefined && --entry.usage <= 0) this.#drop(entry);
  }

  /** The snapshot key of a list that `acquire` returned. */
  keyOf(acl: readonly Acl[]): number {
    if (acl === OPEN_ACL_UNSAFE) return OPEN_ACL_KEY;
    const entry = this.#byList.get(acl);
    invariant(entry !== undefined, 'an ACL list is not shared');
    return entry.key;
  }

  /**
   * The list that a snapshot calls `key`. Undefined for a key that its map lacks: a fuzzy snapshot may hold a
   * node whose ACL came after the map was written. The log after it then sets that ACL again. @see
   * ZOOKEEPER-4846
   */
  get(key: number): readonly Acl[] | undefined {
    return key === OPEN_ACL_KEY ? OPEN_ACL_UNSAFE : this.#byKey.get(key)?.acl;
  }

  /** Takes one entry of a snapshot's map, held by no node yet: call `purgeUnused` once all nodes are in. */
  load(key: number, acl: readonly Acl[]): void {
    const text = textOf(acl);
    const known = this.#byText.get(text);
    if (known === undefined) this.#put({ acl, key, text, usage: 0 });
    else this.#byKey.set(key, known);
    this.#lastKey = Math.max(this.#lastKey, key);
  }

  /** Forgets lists that no node has, and further keys that a snapshot had for the same list. */
  purgeUnused(): void {
    this.#byKey.clear();
    for (const entry of [...this.#byText.values()]) {
      if (entry.usage <= 0) this.#drop(entry);
      else this.#byKey.set(entry.key, entry);
    }
  }

  clear(): void {
    this.#byText.clear();
    this.#byList.clear();
    this.#byKey.clear();
    this.#lastKey = 0;
    this.#recent = null;
  }

  /** The entries of a snapshot's map: every list in use except the open one. */
  *entries(): Generator<[key: number, acl: readonly Acl[]]> {
    for (const entry of this.#byText.values()) yield [entry.key, entry.acl];
  }

  get size(): number {
    return this.#byText.size;
  }

  /** The largest key given so far. A key is never given twice. */
  get lastKey(): number {
    return this.#lastKey;
  }

  /**
   * Finds an already shared list without comparing entries: a snapshot gives the same two lists to a million
   * nodes in turn.
   */
  #knownAs(acl: readonly Acl[]): Entry | undefined {
    const recent = this.#recent;
    if (recent !== null && recent.acl === acl) return recent;
    const known = this.#byList.get(acl);
    if (known !== undefined) return known;
    return recent !== null && sameAcl(recent.acl, acl) ? recent : undefined;
  }

  #entryFor(acl: readonly Acl[]): Entry {
    const text = textOf(acl);
    return this.#byText.get(text) ?? this.#put({ acl, key: this.#lastKey + 1, text, usage: 0 });
  }

  #put(entry: Entry): Entry {
    this.#lastKey = Math.max(this.#lastKey, entry.key);
    this.#byText.set(entry.text, entry);
    this.#byList.set(entry.acl, entry);
    this.#byKey.set(entry.key, entry);
    return entry;
  }

  #drop(entry: Entry): void {
    if (this.#recent === entry) this.#recent = null;
    this.#byText.delete(entry.text);
    this.#byList.delete(entry.acl);
    this.#byKey.delete(entry.key);
  }
}

function isOpen(acl: readonly Acl[]): boolean {
  if (acl.length !== 1) return false;
  const { perms, id } = acl[0]!;
  return perms === Perms.ALL && id.scheme === 'world' && id.id === 'anyone';
}

function sameAcl(one: readonly Acl[], other: readonly Acl[]): boolean {
  if (one === other) return true;
  if (one.length !== other.length) return false;
  for (let i = 0; i < one.length; i++) {
    const [a, b] = [one[i]!, other[i]!];
    if (a.perms !== b.perms || a.id.scheme !== b.id.scheme || a.id.id !== b.id.id) return false;
  }
  return true;
}

/** Longer texts are kept as their hash, because the list itself is there too. */
const TEXT_CHARS_MAX = 512;

/** Equal for equal lists and for no others: order counts, as it does upstream. */
function textOf(acl: readonly Acl[]): string {
  const text = JSON.stringify(acl.map(({ perms, id }) => [perms, id.scheme, id.id]));
  return text.length <= TEXT_CHARS_MAX ? text : createHash('sha256').update(text).digest('base64');
}
