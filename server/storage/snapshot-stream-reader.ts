import { DataTree } from '../tree/data-tree.ts';
import type { OwnerLayout } from '../tree/owner.ts';
import { ZNode } from '../tree/znode.ts';
import { type Acl, readAcl } from '../wire/acl.ts';
import { JuteError, JuteReader } from '../wire/jute.ts';
import { readStatPersisted } from '../wire/stat.ts';
import { NODES_END } from './snapshot-stream.ts';

/** More than one record can need: a longer wait for its end means that the stream is not a snapshot. */
const RECORD_BYTES_MAX = 16 * 1024 * 1024;

export interface FeedResult {
  /** The tree is whole; what follows in the chunk belongs to the caller. */
  readonly done: boolean;
  readonly consumedBytes: number;
}

/**
 * Reads the records of `snapshot-stream.ts` from chunks split anywhere, into a tree of its own: nothing is seen of it
 * until it is whole. @see ZOOKEEPER-3642, ZOOKEEPER-3104
 */
export class SnapshotStreamReader {
  readonly tree: DataTree;
  readonly sessionTimeouts = new Map<bigint, number>();
  readonly #reader = new JuteReader();
  /** The begun record at the end of the last chunk. */
  #rest: Buffer = Buffer.alloc(0);
  #state: 'sessionCount' | 'sessions' | 'aclCount' | 'acls' | 'nodes' | 'done' = 'sessionCount';
  #left = 0;

  constructor(ownerLayout: OwnerLayout = 'plain') {
    this.tree = new DataTree(ownerLayout);
    this.tree.beginLoad();
  }

  /** @throws JuteError, ServerError ZK_SNAPSHOT_CORRUPT when the bytes are no snapshot */
  feed(chunk: Buffer): FeedResult {
    const restBytes = this.#rest.length;
    const reader = this.#reader.reset(restBytes === 0 ? chunk : Buffer.concat([this.#rest, chunk]));
    while (this.#state !== 'done' && this.#readRecord(reader));
    if (this.#state === 'done') {
      this.#rest = Buffer.alloc(0);
      return { done: true, consumedBytes: reader.offset - restBytes };
    }
    if (reader.remaining > RECORD_BYTES_MAX) {
      throw new JuteError(`a snapshot record of more than ${RECORD_BYTES_MAX} bytes`);
    }
    this.#rest = Buffer.from(reader.bytes.subarray(reader.offset, reader.end));
    return { done: false, consumedBytes: chunk.length };
  }

  /** False, with nothing taken, when the record goes on in the next chunk. */
  #readRecord(reader: JuteReader): boolean {
    const start = reader.offset;
    try {
      this.#readNext(reader);
      return true;
    } catch (error) {
      if (!(error instanceof JuteError && error.short)) throw error;
      reader.offset = start;
      return false;
    }
  }

  #readNext(reader: JuteReader): void {
    switch (this.#state) {
      case 'sessionCount':
        this.#count(reader, 'sessions', 'aclCount');
        return;
      case 'sessions': {
        const id = reader.readBigLong();
        this.sessionTimeouts.set(id, reader.readInt());
        if (--this.#left === 0) this.#state = 'aclCount';
        return;
      }
      case 'aclCount':
        this.#count(reader, 'acls', 'nodes');
        return;
      case 'acls': {
        const key = reader.readLong();
        this.tree.aclCache.load(key, reader.readVector(readAcl) ?? []);
        if (--this.#left === 0) this.#state = 'nodes';
        return;
      }
      case 'nodes':
        this.#readNode(reader);
        return;
      case 'done':
        return;
    }
  }

  #count(reader: JuteReader, items: 'sessions' | 'acls', next: 'aclCount' | 'nodes'): void {
    this.#left = reader.readLength(0x7fff_ffff);
    this.#state = this.#left > 0 ? items : next;
  }

  #readNode(reader: JuteReader): void {
    const path = reader.readString() ?? '';
    if (path === NODES_END) {
      this.tree.endLoad();
      this.#state = 'done';
      return;
    }
    const view = reader.readBuffer();
    const acl = this.tree.aclCache.get(reader.readLong()) ?? ACL_UNKNOWN;
    const stat = readStatPersisted(reader);
    // A copy: views would keep every chunk in memory as long as one of its nodes.
    const node = new ZNode(
      view === null ? null : Buffer.from(view),
      acl,
      stat.ephemeralOwner,
      stat.czxid,
      stat.ctime,
    );
    node.mzxid = stat.mzxid;
    node.mtime = stat.mtime;
    node.version = stat.version;
    node.cversion = stat.cversion;
    node.aversion = stat.aversion;
    node.pzxid = stat.pzxid;
    this.tree.putLoaded(path, node);
  }
}

/**
 * For a list that came into use after the map was written: the log sets it again, and until then nobody is
 * let in. @see ZOOKEEPER-4846
 */
const ACL_UNKNOWN: readonly Acl[] = [];
