import { DataTree } from '../../tree/data-tree.ts';
import type { OwnerLayout } from '../../tree/owner.ts';
import { ZNode } from '../../tree/znode.ts';
import { type Acl, CLOSED_ACL, readAcl } from '../../wire/acl.ts';
import { JuteError, JuteReader } from '../../wire/jute.ts';
import { readStatPersisted } from '../../wire/stat.ts';
import { NODES_END } from './snapshot-stream.ts';

export interface FeedResult {
  /** The tree is complete. The rest of the chunk belongs to the caller. */
  readonly done: boolean;
  readonly consumedBytes: number;
}

/**
 * Reads the records of `snapshot-stream.ts`, from chunks split anywhere, into a separate tree. Nobody sees it
 * until it is complete. @see ZOOKEEPER-3642; ZOOKEEPER-3104
 */
export class SnapshotStreamReader {
  readonly tree: DataTree;
  readonly sessionTimeouts = new Map<bigint, number>();
  readonly #recordBytesMax: number;
  readonly #reader = new JuteReader();
  /** The incomplete record at the end of the last chunk, and later chunks. */
  #rest: Buffer[] = [];
  #restBytes = 0;
  /**
   * The record needs at least this many bytes. Trying again with each chunk would read a large record over
   * and over.
   */
  #neededBytes = 1;
  #state: 'sessionCount' | 'sessions' | 'aclCount' | 'acl' | 'aclEntries' | 'nodes' | 'done' = 'sessionCount';
  #left = 0;
  #aclKey = 0;
  #acl: Acl[] = [];
  #entriesLeft = 0;

  /**
   * `recordBytesMax`: most bytes gathered for one record. A longer one means that the stream is no snapshot.
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
      // Copied, because the caller's chunk may be part of something larger, or be overwritten.
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

  /** False, with nothing consumed, when the record continues in the next chunk. */
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
          `a record of the snapshot has ${this.#neededBytes} bytes or more; at most ${this.#recordBytesMax} are accepted here (jute.maxbuffer)`,
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

  /** Reads one entry at a time, because a list of a megabyte is many small records. */
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
    // A list that came into use after the map was written. The log sets it. @see ZOOKEEPER-4846
    const acl = this.tree.aclCache.get(reader.readLong()) ?? CLOSED_ACL;
    const stat = readStatPersisted(reader);
    // Copied, because a view would keep its whole chunk in memory as long as the node.
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
