import { type Acl, OPEN_ACL_UNSAFE, readAcl } from '../../wire/acl.ts';
import type { JuteReader } from '../../wire/jute.ts';
import { OpCode } from '../../wire/opcodes.ts';
import { nameOf, parentOf } from '../../wire/path.ts';
import { readStatPersisted } from '../../wire/stat.ts';
import type { TxnBody } from '../../wire/txn.ts';
import { NODES_END } from './snapshot-stream.ts';

/**
 * How Apache ZooKeeper loads a snapshot and replays a log on it, as far as paths and ACLs go: the rules of
 * DataTree and ReferenceCountedACLCache in 3.8.0 and 3.9.5. @see ZOOKEEPER-4846
 */
export type ApacheVersion = '3.8.0' | '3.9.5';

interface Node {
  acl: number;
  readonly children: Set<string>;
}

const OPEN_KEY = -1;

export class ApacheTree {
  readonly #version: ApacheVersion;
  readonly #acls = new AclKeys();
  readonly #nodes = new Map<string, Node>();

  /** Reads the records of `snapshot-stream.ts`. */
  constructor(version: ApacheVersion, reader: JuteReader) {
    this.#version = version;
    for (let left = reader.readInt(); left > 0; left--) reader.skip(12);
    for (let left = reader.readInt(); left > 0; left--) {
      const key = reader.readLong();
      this.#acls.load(key, JSON.stringify(reader.readVector(readAcl)));
    }
    for (let path = reader.readString(); path !== NODES_END; path = reader.readString()) {
      const at = path ?? '';
      reader.readBuffer();
      this.#put(at, reader.readLong());
      readStatPersisted(reader);
      this.#acls.addUsage(this.#node(at).acl);
    }
    this.#acls.purgeUnused();
  }

  /** Path to ACL of all nodes that can be reached from the root. @throws Error for a key without a list */
  acls(): Map<string, string> {
    const found = new Map<string, string>();
    const visit = (path: string) => {
      const node = this.#node(path);
      found.set(path, this.#acls.listOf(node.acl));
      for (const name of node.children) visit(`${path}/${name}`);
    };
    visit('');
    return found;
  }

  apply(txn: TxnBody): void {
    switch (txn.type) {
      case OpCode.create:
      case OpCode.create2:
      case OpCode.createContainer:
      case OpCode.createTTL:
        this.#create(txn.path, JSON.stringify(txn.acl));
        return;
      case OpCode.delete:
      case OpCode.deleteContainer:
        this.#delete(txn.path);
        return;
      case OpCode.setACL:
        this.#setAcl(txn.path, JSON.stringify(txn.acl));
        return;
      case OpCode.closeSession:
        for (const path of txn.paths ?? []) this.#delete(path);
        return;
      case OpCode.multi:
        if (!txn.txns.some(part => part.type === OpCode.error)) for (const part of txn.txns) this.apply(part);
        return;
    }
  }

  #node(path: string): Node {
    const node = this.#nodes.get(path);
    if (node === undefined) throw new Error(`no node ${path}`);
    return node;
  }

  #parentOf(path: string): Node | undefined {
    return this.#nodes.get(path.slice(0, path.lastIndexOf('/')));
  }

  #put(path: string, acl: number): void {
    if (path !== '') this.#node(parentOf(path) === '/' ? '' : parentOf(path)).children.add(nameOf(path));
    this.#nodes.set(path, { acl, children: new Set() });
  }

  #create(path: string, list: string): void {
    const parent = this.#parentOf(path);
    if (parent === undefined) return;
    // Events need this ACL, because 3.8.4 and 3.9.2 check them against the parent's.
    if (this.#version === '3.9.5') this.#acls.listOf(parent.acl);
    const acl = this.#acls.keyFor(list);
    const existing = this.#nodes.get(path);
    if (this.#version === '3.9.5' && existing !== undefined) {
      existing.acl = acl;
      return;
    }
    if (!parent.children.has(nameOf(path))) this.#put(path, acl);
  }

  /** The children of a node that the log does not know yet become orphans. */
  #delete(path: string): void {
    this.#parentOf(path)?.children.delete(nameOf(path));
    const node = this.#nodes.get(path);
    if (node === undefined) return;
    this.#nodes.delete(path);
    this.#acls.removeUsage(node.acl);
  }

  #setAcl(path: string, list: string): void {
    const node = this.#nodes.get(path);
    if (node === undefined) return;
    this.#acls.removeUsage(node.acl);
    node.acl = this.#acls.keyFor(list);
  }
}

/**
 * Apache's server gives a key to every list that a log contains, even to the open one, for which its
 * snapshots have key -1.
 */
class AclKeys {
  readonly #lists = new Map<number, string>();
  readonly #keys = new Map<string, number>();
  readonly #usage = new Map<number, number>();
  #last = 0;

  load(key: number, list: string): void {
    this.#last = Math.max(this.#last, key);
    this.#lists.set(key, list);
    this.#keys.set(list, key);
    this.#usage.set(key, 0);
  }

  keyFor(list: string): number {
    let key = this.#keys.get(list);
    if (key === undefined) {
      key = ++this.#last;
      this.#lists.set(key, list);
      this.#keys.set(list, key);
    }
    this.addUsage(key);
    return key;
  }

  listOf(key: number): string {
    if (key === OPEN_KEY) return OPEN_TEXT;
    const list = this.#lists.get(key);
    if (list === undefined) throw new Error(`Failed to fetch acls for ${key}`);
    return list;
  }

  addUsage(key: number): void {
    if (this.#lists.has(key)) this.#usage.set(key, (this.#usage.get(key) ?? 0) + 1);
  }

  removeUsage(key: number): void {
    if (!this.#lists.has(key)) return;
    const left = (this.#usage.get(key) ?? 0) - 1;
    if (left > 0) this.#usage.set(key, left);
    else this.#drop(key);
  }

  purgeUnused(): void {
    for (const [key, count] of [...this.#usage]) if (count <= 0) this.#drop(key);
  }

  #drop(key: number): void {
    this.#usage.delete(key);
    this.#keys.delete(this.#lists.get(key) ?? '');
    this.#lists.delete(key);
  }
}

const OPEN_TEXT = JSON.stringify(OPEN_ACL_UNSAFE satisfies readonly Acl[]);
