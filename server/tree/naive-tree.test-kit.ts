import { crc32 } from 'node:zlib';
import type { Acl } from '../wire/acl.ts';
import { OpCode } from '../wire/opcodes.ts';
import { clientIdOf, type TxnBody, type TxnHeader } from '../wire/txn.ts';
import type { DataTree } from './data-tree.ts';
import { TreeWalk } from './tree-walk.ts';

/**
 * The plain twin that tests compare `DataTree` with: it applies every transaction once, on a valid tree, and
 * computes the digest from nothing each time. It cannot replay.
 */
export interface NaiveNode {
  data: string | null;
  acl: string;
  czxid: number;
  mzxid: number;
  pzxid: number;
  ctime: number;
  mtime: number;
  version: number;
  cversion: number;
  aversion: number;
  owner: bigint;
}

export class NaiveTree {
  readonly nodes: Map<string, NaiveNode>;

  constructor(nodes: ReadonlyMap<string, NaiveNode> = new Map()) {
    this.nodes = new Map([...nodes].map(([path, node]) => [path, { ...node }]));
    if (this.nodes.size === 0) for (const path of ['', '/zookeeper']) this.nodes.set(path, builtIn());
  }

  childrenOf(path: string): string[] {
    return [...this.nodes.keys()].filter(at => at !== '' && at.slice(0, at.lastIndexOf('/')) === path).sort();
  }

  apply(header: TxnHeader, txn: TxnBody): void {
    switch (txn.type) {
      case OpCode.create:
      case OpCode.create2:
        this.#create(header, txn, txn.ephemeral ? clientIdOf(header) : 0n);
        return;
      case OpCode.createContainer:
        this.#create(header, txn, -(2n ** 63n));
        return;
      case OpCode.createTTL:
        this.#create(header, txn, BigInt.asIntN(64, (0xffn << 56n) + BigInt(txn.ttlMs)));
        return;
      case OpCode.delete:
      case OpCode.deleteContainer:
        this.nodes.delete(txn.path);
        this.#parent(txn.path).pzxid = header.zxid;
        return;
      case OpCode.setData: {
        const change = { version: txn.version, mzxid: header.zxid, mtime: header.time };
        Object.assign(this.nodes.get(txn.path)!, change, { data: text(txn.data) });
        return;
      }
      case OpCode.setACL:
        Object.assign(this.nodes.get(txn.path)!, { acl: JSON.stringify(txn.acl), aversion: txn.version });
        return;
      case OpCode.closeSession:
        for (const path of txn.paths!) this.apply(header, { type: OpCode.delete, path });
        return;
      case OpCode.multi:
        if (!txn.txns.some(sub => sub.type === OpCode.error))
          for (const sub of txn.txns) this.apply(header, sub);
        return;
    }
  }

  digest(): bigint {
    let sum = 0n;
    for (const [path, node] of this.nodes) {
      const stat = Buffer.alloc(60);
      for (const [i, field] of [node.czxid, node.mzxid, node.pzxid, node.ctime, node.mtime].entries()) {
        stat.writeBigInt64BE(BigInt(field), i * 8);
      }
      for (const [i, field] of [node.version, node.cversion, node.aversion].entries()) {
        stat.writeInt32BE(field, 40 + i * 4);
      }
      stat.writeBigInt64BE(node.owner, 52);
      const data = node.data === null ? Buffer.alloc(0) : Buffer.from(node.data, 'latin1');
      sum += BigInt(crc32(Buffer.concat([Buffer.from(path), data, stat])));
    }
    return BigInt.asUintN(64, sum);
  }

  #create(
    header: TxnHeader,
    txn: { path: string; data: Buffer | null; acl: readonly Acl[]; parentCVersion: number },
    owner: bigint,
  ): void {
    const { zxid, time } = header;
    Object.assign(this.#parent(txn.path), { cversion: txn.parentCVersion, pzxid: zxid });
    const { path, data, acl } = txn;
    this.nodes.set(path, { ...builtIn(), data: text(data), acl: JSON.stringify(acl), owner });
    Object.assign(this.nodes.get(path)!, { czxid: zxid, mzxid: zxid, pzxid: zxid, ctime: time, mtime: time });
  }

  #parent(path: string): NaiveNode {
    return this.nodes.get(path.slice(0, path.lastIndexOf('/')))!;
  }
}

/**
 * The contents of a `DataTree` in the terms of its twin, without the nodes below /zookeeper, which the twin
 * lacks.
 */
export function naiveViewOf(tree: DataTree): NaiveTree {
  const nodes = new Map<string, NaiveNode>();
  const walk = new TreeWalk(tree);
  for (let step = walk.next(); step !== null; step = walk.next()) {
    const [path, node] = step;
    if (path.startsWith('/zookeeper/')) continue;
    const { czxid, mzxid, pzxid, ctime, mtime, version, cversion, aversion } = node;
    const numbers = { czxid, mzxid, pzxid, ctime, mtime, version, cversion, aversion };
    const acl = JSON.stringify(node.acl);
    nodes.set(path, { data: text(node.data), acl, owner: node.ephemeralOwner, ...numbers });
  }
  return new NaiveTree(nodes);
}

const OPEN_ACL_TEXT = JSON.stringify([{ perms: 31, id: { scheme: 'world', id: 'anyone' } }]);

function builtIn(): NaiveNode {
  const zeros = { czxid: 0, mzxid: 0, pzxid: 0, ctime: 0, mtime: 0, version: 0, cversion: 0, aversion: 0 };
  return { data: '', acl: OPEN_ACL_TEXT, owner: 0n, ...zeros };
}

function text(data: Buffer | null): string | null {
  return data === null ? null : data.toString('latin1');
}
