import type { ServerError } from '../errors.ts';
import type { Clock } from '../runtime/runtime.ts';
import type { ZkDatabase } from '../storage/zk-database.ts';
import type { TxnPacket } from '../wire/txn-packet.ts';

/**
 * Brings transactions to disk. All that arrive in one turn share one write and one fsync, and the next batch
 * gathers while these are under way. `onSynced(zxid)` says that everything up to `zxid` is durable. It also
 * starts snapshots when they are due.
 */
export class SyncRequestProcessor {
  readonly #database: ZkDatabase;
  readonly #clock: Clock;
  readonly #onSynced: (zxid: number) => void;
  readonly #onFatal: (error: ServerError) => void;
  #appended = 0;
  #synced = 0;
  #flushQueued = false;
  #stopped = false;
  #idle: (() => void) | null = null;
  readonly #startFlush = () => this.#flush();

  constructor(
    database: ZkDatabase,
    clock: Clock,
    onSynced: (zxid: number) => void,
    onFatal: (error: ServerError) => void,
  ) {
    this.#database = database;
    this.#clock = clock;
    this.#onSynced = onSynced;
    this.#onFatal = onFatal;
  }

  append(packet: TxnPacket): void {
    this.#database.append(packet);
    this.#appended = packet.zxid;
    if (this.#flushQueued) return;
    this.#flushQueued = true;
    this.#clock.atEndOfTurn(this.#startFlush);
  }

  #flush(): void {
    this.#flushQueued = false;
    const upTo = this.#appended;
    this.#database.flush(error => {
      if (error !== undefined) {
        this.#onFatal(error);
        return;
      }
      if (upTo > this.#synced) {
        this.#synced = upTo;
        if (!this.#stopped) this.#onSynced(upTo);
      }
      this.#settle();
    });
    if (this.#database.needsSnapshot()) {
      this.#database.takeSnapshot(error => {
        if (error !== undefined) this.#onFatal(error);
      });
    }
  }

  /** Stops calling `onSynced`. `done` runs once everything appended is durable. */
  stop(done: () => void): void {
    this.#stopped = true;
    this.#idle = done;
    this.#clock.atEndOfTurn(() => this.#settle());
  }

  #settle(): void {
    if (this.#idle === null || this.#synced < this.#appended) return;
    const idle = this.#idle;
    this.#idle = null;
    idle();
  }
}
