import type { Acl } from '../wire/acl.ts';
import type { Stat, StatPersisted } from '../wire/stat.ts';
import { type OwnerLayout, shownOwner } from './owner.ts';

/**
 * One node. Its fields are those that snapshots keep; `statOf` and `writeNodeStat` derive what clients see.
 */
export class ZNode implements StatPersisted {
  data: Buffer | null;
  acl: readonly Acl[];
  czxid: number;
  mzxid: number;
  ctime: number;
  mtime: number;
  version = 0;
  /** Children ever created: never decremented. Clients see 2 * cversion - numChildren. */
  cversion = 0;
  aversion = 0;
  /** 0 normal, a session id, or an encoded container or TTL: see `owner.ts` */
  ephemeralOwner: bigint;
  pzxid: number;
  /** Names; null until the first child: most znodes are leaves. */
  children: Set<string> | null = null;
  /** CRC-32 state over path and data: the part of the digest that a change of the stat leaves alone. */
  contentCrcState = 0;
  /** This node's contribution to the tree digest, signed: a change then costs one CRC, not two. */
  digestCrc = 0;

  /** Position in the order in which nodes were inserted into their tree; not part of the node's state. */
  #serial = 0;

  constructor(data: Buffer | null, acl: readonly Acl[], ephemeralOwner: bigint, zxid: number, time: number) {
    this.data = data;
    this.acl = acl;
    this.ephemeralOwner = ephemeralOwner;
    this.czxid = zxid;
    this.mzxid = zxid;
    this.pzxid = zxid;
    this.ctime = time;
    this.mtime = time;
  }

  get serial(): number {
    return this.#serial;
  }

  /** @see DescendantCount */
  set serial(serial: number) {
    this.#serial = serial;
  }
}

export function childCount(node: ZNode): number {
  return node.children === null ? 0 : node.children.size;
}

export function dataLength(node: ZNode): number {
  return node.data === null ? 0 : node.data.length;
}

/** The cversion that clients see counts deletions too. It is a signed int, because it wraps. */
export function shownCversion(node: ZNode): number {
  return (node.cversion * 2 - childCount(node)) | 0;
}

export function statOf(node: ZNode, layout: OwnerLayout): Stat {
  return {
    czxid: node.czxid,
    mzxid: node.mzxid,
    ctime: node.ctime,
    mtime: node.mtime,
    version: node.version,
    cversion: shownCversion(node),
    aversion: node.aversion,
    ephemeralOwner: shownOwner(node.ephemeralOwner, layout),
    dataLength: dataLength(node),
    numChildren: childCount(node),
    pzxid: node.pzxid,
  };
}
