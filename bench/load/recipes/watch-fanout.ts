/**
 * Watched znodes: every session of the driver watches each of them, and a write is over when the last session
 * has heard of it and watches again. Its service time is from the commit, which is when its writer got the
 * reply, to the last event; it is 0 if all had heard by then. Its response time is from the intended start.
 */
import { OPEN_ACL_UNSAFE } from '../../../server/wire/acl.ts';
import { ErrorCode } from '../../../server/wire/error-codes.ts';
import { OpCode } from '../../../server/wire/opcodes.ts';
import {
  writeCreateRequest,
  writePathWatchRequest,
  writeSetDataRequest,
} from '../../../server/wire/requests.ts';
import { readStat } from '../../../server/wire/stat.ts';
import type { Compound, Recipe, RecipeHost } from './recipe.ts';

interface Watcher {
  /** Whether the server watches for it. Only then does a write go out. */
  isArmed: boolean;
  /** Version of the data that it read when it was armed. */
  version: number;
  /** When the last event came; before the first, never. */
  heardAtMs: number;
}

interface Write {
  readonly compound: Compound;
  readonly sentAtMs: number;
  /** Of its reply. */
  committed?: { readonly version: number; readonly atMs: number };
}

export class WatchFanout {
  readonly #nodes: readonly WatchedNode[];
  #turn = 0;

  /** @param nextValue the value of the next write */
  constructor(paths: readonly string[], nextValue: () => Buffer) {
    this.#nodes = paths.map(path => new WatchedNode(path, nextValue));
  }

  /** The part of one session: it watches all nodes, and its operations write to them in turn. */
  recipeOf(host: RecipeHost): Recipe {
    return {
      start: compound => {
        this.#nodes[this.#turn]!.enqueue(host, compound);
        this.#turn = (this.#turn + 1) % this.#nodes.length;
      },
      onConnected: () => {
        for (const node of this.#nodes) node.join(host);
      },
      onDisconnected: () => {
        for (const node of this.#nodes) node.leave(host);
        return false;
      },
    };
  }
}

class WatchedNode {
  readonly #path: string;
  readonly #nextValue: () => Buffer;
  readonly #watchers = new Map<RecipeHost, Watcher>();
  #unarmed = 0;
  readonly #queue: { readonly host: RecipeHost; readonly compound: Compound }[] = [];
  #write: Write | undefined;

  constructor(path: string, nextValue: () => Buffer) {
    this.#path = path;
    this.#nextValue = nextValue;
  }

  enqueue(host: RecipeHost, compound: Compound): void {
    this.#queue.push({ host, compound });
    this.#writeNext();
  }

  join(host: RecipeHost): void {
    const watcher: Watcher = { isArmed: false, version: -1, heardAtMs: Number.NEGATIVE_INFINITY };
    this.#watchers.set(host, watcher);
    this.#unarmed++;
    this.#arm(host, watcher);
  }

  leave(host: RecipeHost): void {
    const watcher = this.#watchers.get(host);
    if (watcher === undefined) return;
    this.#watchers.delete(host);
    if (!watcher.isArmed) this.#unarmed--;
    this.#settle();
  }

  /** A missing node is created by whoever comes first. */
  #arm(host: RecipeHost, watcher: Watcher): void {
    const leave = () => this.#watchers.get(host) === watcher && this.leave(host);
    const onEvent = (): void => {
      if (this.#watchers.get(host) !== watcher) return;
      watcher.heardAtMs = performance.now();
      if (watcher.isArmed) this.#unarmed++;
      watcher.isArmed = false;
      this.#arm(host, watcher);
    };
    host.onceChanged(this.#path, onEvent);
    host.request(
      OpCode.getData,
      body => writePathWatchRequest(body, { path: this.#path, watch: true }),
      ({ err, reader }) => {
        if (this.#watchers.get(host) !== watcher) return;
        if (err === 0) {
          reader.skipField();
          watcher.version = readStat(reader).version;
          watcher.isArmed = true;
          this.#unarmed--;
          this.#settle();
          return;
        }
        host.forgetChange(this.#path, onEvent);
        if (err === ErrorCode.NONODE) this.#create(host, () => this.#arm(host, watcher), leave);
        else leave();
      },
      leave,
    );
  }

  #create(host: RecipeHost, onThere: () => void, onFailed: () => void): void {
    const request = { path: this.#path, data: this.#nextValue(), acl: OPEN_ACL_UNSAFE, flags: 0 };
    host.request(
      OpCode.create,
      body => writeCreateRequest(body, request),
      ({ err }) => (err === 0 || err === ErrorCode.NODEEXISTS ? onThere() : onFailed()),
      onFailed,
    );
  }

  /** Ends the write when all watchers have seen its version, and sends the next. */
  #settle(): void {
    const write = this.#write;
    if (this.#unarmed > 0) return;
    if (write?.committed !== undefined) {
      const { version, atMs } = write.committed;
      let lastMs = Number.NEGATIVE_INFINITY;
      let heardByAll = true;
      for (const watcher of this.#watchers.values()) {
        // This watcher's member is behind: its event is still to come.
        if (watcher.version < version) return;
        if (watcher.heardAtMs < write.sentAtMs) heardByAll = false;
        lastMs = Math.max(lastMs, watcher.heardAtMs);
      }
      this.#write = undefined;
      // One that connected meanwhile read the new version instead of hearing of it.
      if (heardByAll && this.#watchers.size > 0) write.compound.done(0, lastMs, atMs);
      else write.compound.lost();
    }
    this.#writeNext();
  }

  #writeNext(): void {
    if (this.#write !== undefined || this.#unarmed > 0 || this.#watchers.size === 0) return;
    const next = this.#queue.shift();
    if (next === undefined) return;
    const write: Write = { compound: next.compound, sentAtMs: performance.now() };
    this.#write = write;
    const end = (report: () => void): void => {
      if (this.#write === write) this.#write = undefined;
      report();
      this.#settle();
    };
    next.host.request(
      OpCode.setData,
      body => writeSetDataRequest(body, { path: this.#path, data: this.#nextValue(), version: -1 }),
      ({ err, reader, receivedAtMs }) => {
        if (err !== 0) {
          end(() => write.compound.done(err, receivedAtMs));
          return;
        }
        write.committed = { version: readStat(reader).version, atMs: receivedAtMs };
        this.#settle();
      },
      () => end(() => write.compound.lost()),
    );
  }
}
