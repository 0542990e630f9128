import type { Acl } from '../wire/acl.ts';
import type { Stat, StatPersisted } from '../wire/stat.ts';

/** One node. Fields are what snapshots keep; what clients see is derived in `statOf`. */
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
  /** 0 normal, a session id, or an encoded container or TTL (facts section 10). */
  ephemeralOwner: bigint;
  pzxid: number;
  /** Names; null until the first child: most znodes are leaves. */
  children: Set<string> | null = null;
  /** CRC32 of this node's part of the tree digest, kept so that a change costs one CRC, not two. */
  digestCrc = 0;

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
}

const CONTAINER_OWNER = -(1n << 63n);
const EXTENDED_MASK = 0xffn;

/** Containers and TTL nodes carry their kind in ephemeralOwner; clients must not take it for a session. */
export function shownOwner(owner: bigint): bigint {
  if (owner === 0n) return 0n;
  const unsigned = BigInt.asUintN(64, owner);
  return owner === CONTAINER_OWNER || unsigned >> 56n === EXTENDED_MASK ? 0n : owner;
}

export function statOf(node: ZNode): Stat {
  const numChildren = node.children === null ? 0 : node.children.size;
  return {
    czxid: node.czxid,
    mzxid: node.mzxid,
    ctime: node.ctime,
    mtime: node.mtime,
    version: node.version,
    cversion: node.cversion * 2 - numChildren,
    aversion: node.aversion,
    ephemeralOwner: shownOwner(node.ephemeralOwner),
    dataLength: node.data === null ? 0 : node.data.length,
    numChildren,
    pzxid: node.pzxid,
  };
}
