import { CONFIG_PATH } from './configuration-text.ts';

/** What the ensemble agreed on: transactions in zxid order, without gaps. */
export interface Transaction {
  readonly zxid: number;
  /** When a member first logged it. */
  readonly timeMs: number;
  /** Session id in hexadecimal. */
  readonly session: string;
  readonly change: Change;
}

export type Change =
  | {
      readonly f: 'create';
      readonly path: string;
      readonly value: string | null;
      readonly ephemeral: boolean;
    }
  | { readonly f: 'setData'; readonly path: string; readonly value: string | null; readonly version: number }
  | { readonly f: 'delete'; readonly path: string }
  | { readonly f: 'createSession'; readonly timeoutMs: number }
  | { readonly f: 'closeSession' }
  /** `value`: the text of the new configuration. */
  | { readonly f: 'reconfig'; readonly value: string | null }
  | { readonly f: 'error'; readonly error: string }
  | { readonly f: 'multi'; readonly changes: readonly Change[] }
  /** Changes nothing: a check inside a multi. */
  | { readonly f: 'none' };

/** The paths a transaction changes, and how a watcher would see it. */
export interface Touch {
  readonly path: string;
  readonly what: 'created' | 'deleted' | 'dataChanged' | 'childrenChanged';
}

export interface ModelNode {
  value: string | null;
  version: number;
  mzxid: number;
  /** Session that owns it; undefined for a persistent znode. */
  owner: string | undefined;
  readonly children: Set<string>;
}

/** The simplest model of the tree that the transactions build. Every server must show this tree. */
export class ModelTree {
  readonly nodes = startingNodes();
  readonly openSessions = new Map<string, number>();
  readonly complaints: string[] = [];

  /** Returns what watchers see of the transaction. */
  apply({ zxid, session, change }: Transaction): Touch[] {
    const touches: Touch[] = [];
    this.#change(zxid, session, change, touches);
    return touches;
  }

  #change(zxid: number, session: string, change: Change, touches: Touch[]): void {
    switch (change.f) {
      case 'create':
        this.#create(zxid, session, change, touches);
        return;
      case 'setData':
        this.#setData(zxid, change, touches);
        return;
      case 'delete':
        this.#delete(zxid, change.path, touches);
        return;
      case 'createSession':
        this.openSessions.set(session, change.timeoutMs);
        return;
      case 'closeSession':
        this.openSessions.delete(session);
        for (const [path, { owner }] of [...this.nodes])
          if (owner === session) this.#delete(zxid, path, touches);
        return;
      case 'reconfig':
        // It gives the znode no version. Members also write it without a transaction, when they start.
        Object.assign(this.nodes.get(CONFIG_PATH)!, { value: change.value, mzxid: zxid });
        touches.push({ path: CONFIG_PATH, what: 'dataChanged' });
        return;
      case 'multi':
        if (change.changes.some(part => part.f === 'error')) return;
        for (const part of change.changes) this.#change(zxid, session, part, touches);
        return;
      case 'error':
      case 'none':
    }
  }

  #create(
    zxid: number,
    session: string,
    { path, value, ephemeral }: Extract<Change, { f: 'create' }>,
    touches: Touch[],
  ): void {
    const parent = this.nodes.get(parentOf(path));
    if (this.nodes.has(path)) this.complaints.push(`transaction ${zxid} creates ${path}, which exists`);
    if (parent === undefined) {
      this.complaints.push(`transaction ${zxid} creates ${path}, which has no parent`);
      return;
    }
    if (ephemeral && !this.openSessions.has(session))
      this.complaints.push(`transaction ${zxid} creates ${path} for session ${session}, which is closed`);
    parent.children.add(nameOf(path));
    this.nodes.set(path, node(value, zxid, ephemeral ? session : undefined));
    touches.push({ path, what: 'created' }, { path: parentOf(path), what: 'childrenChanged' });
  }

  #setData(
    zxid: number,
    { path, value, version }: Extract<Change, { f: 'setData' }>,
    touches: Touch[],
  ): void {
    const target = this.nodes.get(path);
    if (target === undefined) {
      this.complaints.push(`transaction ${zxid} sets ${path}, which does not exist`);
      return;
    }
    if (version !== target.version + 1)
      this.complaints.push(`transaction ${zxid} makes version ${version} of ${path} after ${target.version}`);
    Object.assign(target, { value, version, mzxid: zxid });
    touches.push({ path, what: 'dataChanged' });
  }

  #delete(zxid: number, path: string, touches: Touch[]): void {
    const target = this.nodes.get(path);
    if (target === undefined || target.children.size > 0) {
      this.complaints.push(
        `transaction ${zxid} deletes ${path}, which ${target ? 'has children' : 'does not exist'}`,
      );
      return;
    }
    this.nodes.delete(path);
    this.nodes.get(parentOf(path))?.children.delete(nameOf(path));
    touches.push({ path, what: 'deleted' }, { path: parentOf(path), what: 'childrenChanged' });
  }
}

/** Every server begins with these, without a transaction. */
function startingNodes(): Map<string, ModelNode> {
  const nodes = new Map([['/', node(null, 0, undefined)]]);
  for (const path of ['/zookeeper', CONFIG_PATH, '/zookeeper/quota']) {
    nodes.set(path, node(null, 0, undefined));
    nodes.get(parentOf(path))?.children.add(nameOf(path));
  }
  return nodes;
}

function node(value: string | null, zxid: number, owner: string | undefined): ModelNode {
  return { value, version: 0, mzxid: zxid, owner, children: new Set() };
}

export function parentOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash <= 0 ? '/' : path.slice(0, slash);
}

export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
