/**
 * A small ZooKeeper client for tests and the lab's own work, with one promise per operation. It is not for
 * load; use `session.ts`. It does not re-arm watches by itself; call `setWatches`.
 */
import { type Acl, OPEN_ACL_UNSAFE, readAcl } from '../../../server/wire/acl.ts';
import { ErrorCode } from '../../../server/wire/error-codes.ts';
import type { JuteReader } from '../../../server/wire/jute.ts';
import { OpCode, Xid } from '../../../server/wire/opcodes.ts';
import {
  type SetWatchesRequest,
  writeAuthRequest,
  writeCreateRequest,
  writePathVersionRequest,
  writePathWatchRequest,
  writeSetAclRequest,
  writeSetDataRequest,
  writeSetWatchesRequest,
} from '../../../server/wire/requests.ts';
import { readStat, type Stat } from '../../../server/wire/stat.ts';
import type { WatcherEvent } from '../../../server/wire/watch-event.ts';
import { ClientConnection, type ClientOptions } from './client-connection.ts';
import { ZkClientError } from './client-error.ts';
import {
  type MultiOp,
  type MultiReadOp,
  type MultiResult,
  readMultiResponse,
  writeMultiRequest,
} from './multi-codec.ts';

export type Data = string | Uint8Array | null;

/** CreateMode as upstream numbers it. */
export const CreateMode = {
  PERSISTENT: 0,
  EPHEMERAL: 1,
  PERSISTENT_SEQUENTIAL: 2,
  EPHEMERAL_SEQUENTIAL: 3,
  CONTAINER: 4,
  PERSISTENT_WITH_TTL: 5,
  PERSISTENT_SEQUENTIAL_WITH_TTL: 6,
} as const;
export type CreateMode = (typeof CreateMode)[keyof typeof CreateMode];

export interface CreateOptions {
  mode?: CreateMode;
  acl?: readonly Acl[];
  /** Only with the two TTL modes. */
  ttlMs?: number;
}

/** Number of watch events kept for `nextWatch`; older ones are dropped. */
const WATCH_EVENTS_MAX = 10_000;

export class ZkClient extends ClientConnection {
  readonly #unreadWatches: WatcherEvent[] = [];
  #watchWaiters: { matches: (event: WatcherEvent) => boolean; resolve: (event: WatcherEvent) => void }[] = [];

  private constructor(connectString: string, options: ClientOptions) {
    super(connectString, options);
    this.on('watch', event => this.#onWatch(event));
  }

  /**
   * Resolves when a session is established at one of the hosts. @throws ZkClientError CONNECTIONLOSS,
   * SESSIONEXPIRED
   */
  static async connect(connectString: string, options: ClientOptions = {}): Promise<ZkClient> {
    const client = new ZkClient(connectString, options);
    await client.connectFirst();
    return client;
  }

  /** Returns the created path, with its sequence number if the mode has one. */
  create(path: string, data: Data = null, options: CreateOptions = {}): Promise<string> {
    const { mode = CreateMode.PERSISTENT } = options;
    if (mode >= CreateMode.CONTAINER) return this.create2(path, data, options).then(made => made.path);
    return this.#create(OpCode.create, path, data, options, reader => reader.readString() ?? '');
  }

  /** Like `create`, and also returns the Stat of the new node. Uses the operation that the mode needs. */
  create2(
    path: string,
    data: Data = null,
    options: CreateOptions = {},
  ): Promise<{ path: string; stat: Stat }> {
    const { mode = CreateMode.PERSISTENT } = options;
    const op =
      mode === CreateMode.CONTAINER
        ? OpCode.createContainer
        : mode > CreateMode.CONTAINER
          ? OpCode.createTTL
          : OpCode.create2;
    return this.#create(op, path, data, options, reader => ({
      path: reader.readString() ?? '',
      stat: readStat(reader),
    }));
  }

  delete(path: string, version = -1): Promise<void> {
    return this.request(OpCode.delete, path, w => writePathVersionRequest(w, { path, version }), nothing);
  }

  /** Null when the node does not exist. A watch then waits for its creation. */
  async exists(path: string, watch = false): Promise<Stat | null> {
    try {
      return await this.request(
        OpCode.exists,
        path,
        w => writePathWatchRequest(w, { path, watch }),
        readStat,
      );
    } catch (error) {
      if (error instanceof ZkClientError && error.code === ErrorCode.NONODE) return null;
      throw error;
    }
  }

  getData(path: string, watch = false): Promise<{ data: Buffer | null; stat: Stat }> {
    return this.request(
      OpCode.getData,
      path,
      w => writePathWatchRequest(w, { path, watch }),
      readDataAndStat,
    );
  }

  setData(path: string, data: Data, version = -1): Promise<Stat> {
    const request = { path, data: toBytes(data), version };
    return this.request(OpCode.setData, path, w => writeSetDataRequest(w, request), readStat);
  }

  getChildren(path: string, watch = false): Promise<string[]> {
    return this.request(OpCode.getChildren, path, w => writePathWatchRequest(w, { path, watch }), readNames);
  }

  getChildren2(path: string, watch = false): Promise<{ children: string[]; stat: Stat }> {
    return this.request(
      OpCode.getChildren2,
      path,
      w => writePathWatchRequest(w, { path, watch }),
      reader => ({ children: readNames(reader), stat: readStat(reader) }),
    );
  }

  /** Resolves when the server has caught up with the leader's present state. */
  sync(path = '/'): Promise<string> {
    return this.request(
      OpCode.sync,
      path,
      w => void w.writeString(path),
      reader => reader.readString() ?? '',
    );
  }

  /**
   * Applies all or nothing. @throws ZkClientError with the code of the operation that failed, and `results`
   */
  async multi(ops: readonly MultiOp[]): Promise<MultiResult[]> {
    const results = await this.request(
      OpCode.multi,
      undefined,
      w => writeMultiRequest(w, ops),
      readMultiResponse,
    );
    const at = results.findIndex(({ err }) => err !== 0 && err !== ErrorCode.RUNTIMEINCONSISTENCY);
    const failed = at >= 0 ? at : results.findIndex(({ err }) => err !== 0);
    if (failed < 0) return results;
    throw new ZkClientError(results[failed]!.err, `multi, operation ${failed}`, ops[failed]?.path, results);
  }

  /** Each result has its own `err`. A failed read does not affect the others. */
  multiRead(ops: readonly MultiReadOp[]): Promise<MultiResult[]> {
    return this.request(OpCode.multiRead, undefined, w => writeMultiRequest(w, ops), readMultiResponse);
  }

  /**
   * Succeeds when the node exists and has the version. Sent as a multi of one, because servers refuse a bare
   * check.
   */
  async check(path: string, version = -1): Promise<void> {
    await this.multi([{ op: 'check', path, version }]);
  }

  getACL(path: string): Promise<{ acl: Acl[]; stat: Stat }> {
    return this.request(
      OpCode.getACL,
      path,
      w => void w.writeString(path),
      reader => ({ acl: reader.readVector(readAcl) ?? [], stat: readStat(reader) }),
    );
  }

  setACL(path: string, acl: readonly Acl[], version = -1): Promise<Stat> {
    return this.request(OpCode.setACL, path, w => writeSetAclRequest(w, { path, acl, version }), readStat);
  }

  /** Adds an identity to the connection. A reconnect loses it. */
  auth(scheme: string, auth: string): Promise<void> {
    return this.requestSpecial(Xid.auth, OpCode.auth, w =>
      writeAuthRequest(w, { type: 0, scheme, auth: Buffer.from(auth) }),
    );
  }

  /** Arms watches again after a reconnect. The server fires those whose event was missed. */
  setWatches(watches: Partial<SetWatchesRequest>): Promise<void> {
    const request = {
      relativeZxid: this.lastZxid,
      dataWatches: [],
      existWatches: [],
      childWatches: [],
      persistentWatches: [],
      persistentRecursiveWatches: [],
      ...watches,
    };
    const persistent = request.persistentWatches.length + request.persistentRecursiveWatches.length > 0;
    const op = persistent ? OpCode.setWatches2 : OpCode.setWatches;
    return this.requestSpecial(Xid.setWatches, op, w => writeSetWatchesRequest(w, request, persistent));
  }

  /** @param mode 0 persistent, 1 persistent and recursive */
  addWatch(path: string, mode: 0 | 1): Promise<void> {
    return this.request(OpCode.addWatch, path, w => void w.writeString(path).writeInt(mode), nothing);
  }

  /** @param type 1 children, 2 data, 3 any. @throws ZkClientError NOWATCHER */
  removeWatches(path: string, type: 1 | 2 | 3): Promise<void> {
    return this.request(OpCode.removeWatches, path, w => void w.writeString(path).writeInt(type), nothing);
  }

  whoAmI(): Promise<{ scheme: string; user: string }[]> {
    return this.request(
      OpCode.whoAmI,
      undefined,
      nothing,
      reader => reader.readVector(r => ({ scheme: r.readString() ?? '', user: r.readString() ?? '' })) ?? [],
    );
  }

  getEphemerals(prefix = '/'): Promise<string[]> {
    return this.request(OpCode.getEphemerals, prefix, w => void w.writeString(prefix), readNames);
  }

  getAllChildrenNumber(path: string): Promise<number> {
    return this.request(
      OpCode.getAllChildrenNumber,
      path,
      w => void w.writeString(path),
      reader => reader.readInt(),
    );
  }

  /**
   * Changes the ensemble; the lists are as in `reconfig -add/-remove/-members`. Returns the new
   * configuration.
   */
  reconfig(change: {
    joining?: string;
    leaving?: string;
    newMembers?: string;
    fromConfig?: number;
  }): Promise<{ config: string; stat: Stat }> {
    const { joining = null, leaving = null, newMembers = null, fromConfig = -1 } = change;
    return this.request(
      OpCode.reconfig,
      '/zookeeper/config',
      w => void w.writeString(joining).writeString(leaving).writeString(newMembers).writeLong(fromConfig),
      reader => ({ config: reader.readBuffer()?.toString() ?? '', stat: readStat(reader) }),
    );
  }

  /** Takes the first watch event that matches, kept or future. @throws Error after `deadlineMs` */
  nextWatch(match: Partial<WatcherEvent> = {}, deadlineMs = 5_000): Promise<WatcherEvent> {
    const matches = (event: WatcherEvent): boolean =>
      (match.path ?? event.path) === event.path &&
      (match.type ?? event.type) === event.type &&
      (match.state ?? event.state) === event.state;
    const at = this.#unreadWatches.findIndex(matches);
    if (at >= 0) return Promise.resolve(this.#unreadWatches.splice(at, 1)[0]!);
    return new Promise((resolve, reject) => {
      const waiter = {
        matches,
        resolve: (event: WatcherEvent) => {
          clearTimeout(timer);
          resolve(event);
        },
      };
      const timer = setTimeout(() => {
        this.#watchWaiters = this.#watchWaiters.filter(other => other !== waiter);
        reject(new Error(`no watch event like ${JSON.stringify(match)} within ${deadlineMs} ms`));
      }, deadlineMs);
      this.#watchWaiters.push(waiter);
    });
  }

  #onWatch(event: WatcherEvent): void {
    const at = this.#watchWaiters.findIndex(({ matches }) => matches(event));
    if (at >= 0) this.#watchWaiters.splice(at, 1)[0]!.resolve(event);
    else if (this.#unreadWatches.push(event) > WATCH_EVENTS_MAX) this.#unreadWatches.shift();
  }

  #create<T>(
    op: OpCode,
    path: string,
    data: Data,
    options: CreateOptions,
    read: (reader: JuteReader) => T,
  ): Promise<T> {
    const { mode: flags = CreateMode.PERSISTENT, acl = OPEN_ACL_UNSAFE, ttlMs = 0 } = options;
    return this.request(
      op,
      path,
      w => {
        writeCreateRequest(w, { path, data: toBytes(data), acl, flags });
        if (op === OpCode.createTTL) w.writeLong(ttlMs);
      },
      read,
    );
  }
}

const nothing = (): void => {};

function readNames(reader: JuteReader): string[] {
  return reader.readVector(r => r.readString() ?? '') ?? [];
}

function readDataAndStat(reader: JuteReader): { data: Buffer | null; stat: Stat } {
  const data = reader.readBuffer();
  return { data: data === null ? null : Buffer.from(data), stat: readStat(reader) };
}

function toBytes(data: Data): Uint8Array | null {
  return typeof data === 'string' ? Buffer.from(data) : data;
}
