import { DataTree } from '../tree/data-tree.ts';
import type { OwnerLayout } from '../tree/owner.ts';
import { ZNode } from '../tree/znode.ts';
import { type Acl, readAcl } from '../wire/acl.ts';
import { JuteError, JuteReader } from '../wire/jute.ts';
import { readStatPersisted } from '../wire/stat.ts';
import { NODES_END } from './snapshot-stream.ts';

export interface FeedResult {
  /** The tree is whole; what follows in the chunk belongs to the caller. */
  readonly done: boolean;
  readonly consumedBytes: number;
}

/**
 * Reads the records of `snapshot-stream.ts` from chunks split anywhere, into a tree of its own: nothing is
 * seen of it until it is whole. @see ZOOKEEPER-3642; ZOOKEEPER-3104
 */
export class SnapshotStreamReader {
  readonly tree: DataTree;
  readonly sessionTimeouts = new Map<bigint, number>();
  readonly #recordBytesMax: number;
  readonly #reader = new JuteReader();
  /** The begun record at the end of the last chunk, and chunks behind it. */
  #rest: Buffer[] = [];
  #restBytes = 0;
  /** Without so many it is not whole: looking at it with each chunk would read a large one over and over. */
  #neededBytes = 1;
  #state: 'sessionCount' | 'sessions' | 'aclCount' | 'acl' | 'aclEntries' | 'nodes' | 'done' = 'sessionCount';
  #left = 0;
  #aclKey = 0;
  #acl: Acl[] = [];
  #entriesLeft = 0;

  /**
   * `recordBytesMax`: what is gathered of one record before it is whole; a longer one means that the stream
   * is no snapshot.
   */
  constructor(recordBytesMax: number, ownerLayout: OwnerLayout = 'plain') {
    this.#recordBytesMax = recordBytesMax;
    this.tree = new DataTree(ownerLayout);
    this.tree.beginLoad();
  }

  /** @throws JuteError, ServerError ZK_SNAPSHOT_CORRUPT when the bytes are no snapshot */
  feed(chunk: Buffer): FeedResult {
    const restBytes = this.#restBytes;
    if (restBytes + chunk.length < this.#neededBytes) {
      // A copy: the caller's chunk may be a view of something larger, or written again.
      this.#rest.push(Buffer.from(chunk));
      this.#restBytes += chunk.length;
      return { done: false, consumedBytes: chunk.length };
    }
    const reader = this.#reader.reset(restBytes === 0 ? chunk : Buffer.concat([...this.#rest, chunk]));
    while (this.#state !== 'done' && this.#readRecord(reader));
    this.#rest = [];
    this.#restBytes = 0;
    if (this.#state === 'done') return { done: true, consumedBytes: reader.offset - restBytes };
    if (reader.remaining > 0) {
      this.#rest.push(Buffer.from(reader.bytes.subarray(reader.offset, reader.end)));
      this.#restBytes = reader.remaining;
    }
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
      this.#neededBytes = reader.remaining + error.missingBytes;
      if (this.#neededBytes > this.#recordBytesMax) {
        throw new JuteError(
          `a snapshot record of ${this.#neededBytes} bytes or more, at most ${this.#recordBytesMax} accepted here (jute.maxbuffer)`,
        );
      }
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
        this.#count(reader, 'acl', 'nodes');
        return;
      case 'acl':
        this.#aclKey = reader.readLong();
        this.#entriesLeft = reader.readLength();
        this.#acl = [];
        this.#state = 'aclEntries';
        return;
      case 'aclEntries':
        this.#readAclEntry(reader);
        return;
      case 'nodes':
        this.#readNode(reader);
        return;
      case 'done':
        return;
    }
  }

  #count(reader: JuteReader, items: 'sessions' | 'acl', next: 'aclCount' | 'nodes'): void {
    this.#left = reader.readLength();
    this.#state = this.#left > 0 ? items : next;
  }

  /** One at a time: a list of a megabyte is many small records. */
  #readAclEntry(reader: JuteReader): void {
    if (this.#entriesLeft > 0) {
      this.#acl.push(readAcl(reader));
      this.#entriesLeft--;
      return;
    }
    this.tree.aclCache.load(this.#aclKey, this.#acl);
    this.#state = --this.#left > 0 ? 'acl' : 'nodes';
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
