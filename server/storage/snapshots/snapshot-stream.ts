import type { DataTree } from '../../tree/data-tree.ts';
import { TreeWalk } from '../../tree/tree-walk.ts';
import type { ZNode } from '../../tree/znode.ts';
import { type Acl, CLOSED_ACL, writeAcl } from '../../wire/acl.ts';
import type { JuteWriter } from '../../wire/jute.ts';
import { writeStatPersisted } from '../../wire/stat.ts';

/**
 * The records that snapshot files and network SNAPs share:
 *
 *     int count, {long sessionId, int timeout}*
 *     int count, {long key, vector<ACL>}*          without the open ACL, key -1
 *     {ustring path, buffer data, long aclKey, StatPersisted}*      depth-first; the root's path is ""
 *     ustring "/"
 *
 * @see docs/storage.md "Snapshots"
 */
export const NODES_END = '/';

/**
 * Writes the records in slices while the tree keeps changing. Sessions, ACL map and `zxid` are those of the
 * moment it was made; each node is that of the moment it is written. The log after `zxid` corrects the
 * difference.
 *
 * Every key that it writes is in its map. While Apache ZooKeeper replays the log, it gives new keys to lists
 * that it does not know, and a key that the map lacks would become that of another list. So nodes created
 * meanwhile are left to the log, and a node whose list is newer than the map is closed until the log sets it.
 * @see ZOOKEEPER-4846; docs/storage.md "Snapshots"
 */
export class SnapshotSerializer {
  /** lastProcessedZxid when the serializer was made. */
  readonly zxid: number;
  readonly #tree: DataTree;
  readonly #walk: TreeWalk;
  readonly #sessions: [id: bigint, timeoutMs: number][];
  readonly #acls: [key: number, acl: readonly Acl[]][];
  /** Above the keys of all lists that are in use; later lists get this key or a larger one. */
  readonly #closedKey: number;
  #state: 'sessions' | 'acls' | 'nodes' | 'done' = 'sessions';
  #at = 0;

  constructor(tree: DataTree, sessionTimeouts: ReadonlyMap<bigint, number>) {
    this.zxid = tree.lastProcessedZxid;
    this.#tree = tree;
    this.#walk = new TreeWalk(tree, this.zxid);
    this.#sessions = [...sessionTimeouts];
    this.#closedKey = tree.aclCache.lastKey + 1;
    this.#acls = [...tree.aclCache.entries(), [this.#closedKey, CLOSED_ACL]];
  }

  /** Appends whole records until `writer` holds `bytesMax` or more. False when all has been written. */
  next(writer: JuteWriter, bytesMax: number): boolean {
    while (writer.length < bytesMax && this.#state !== 'done') {
      if (this.#state === 'sessions') this.#writeSession(writer);
      else if (this.#state === 'acls') this.#writeAcl(writer);
      else this.#writeNode(writer);
    }
    return this.#state !== 'done';
  }

  #writeSession(writer: JuteWriter): void {
    if (this.#at === 0) writer.writeInt(this.#sessions.length);
    const session = this.#sessions[this.#at++];
    if (session !== undefined) writer.writeBigLong(session[0]).writeInt(session[1]);
    if (this.#at >= this.#sessions.length) this.#enter('acls');
  }

  #writeAcl(writer: JuteWriter): void {
    if (this.#at === 0) writer.writeInt(this.#acls.length);
    const entry = this.#acls[this.#at++];
    if (entry !== undefined) writer.writeLong(entry[0]).writeVector(entry[1], writeAcl);
    if (this.#at >= this.#acls.length) this.#enter('nodes');
  }

  #writeNode(writer: JuteWriter): void {
    const next = this.#walk.next();
    if (next === null) {
      writer.writeString(NODES_END);
      this.#enter('done');
      return;
    }
    const [path, node]: [string, ZNode] = next;
    const key = Math.min(this.#tree.aclCache.keyOf(node.acl), this.#closedKey);
    writer.writeString(path).writeBuffer(node.data).writeLong(key);
    writeStatPersisted(writer, node);
  }

  #enter(state: 'acls' | 'nodes' | 'done'): void {
    this.#state = state;
    this.#at = 0;
  }
}
