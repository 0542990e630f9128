import { ServerError } from '../errors.ts';
import type { ServerEvents } from '../metrics/server-events.ts';
import type { Disk } from '../runtime/runtime.ts';
import { EPOCH_MAX, epochOf, isEpoch, zxidToHex } from '../wire/zxid.ts';
import { onDisk } from './disk-error.ts';
import { replaceFile } from './small-file.ts';

const CURRENT = 'currentEpoch';
const ACCEPTED = 'acceptedEpoch';
/** Java's suffix for an epoch that is announced and not yet current. */
const TEMPORARY_SUFFIX = '.tmp';

/**
 * The two promises of a voter: `acceptedEpoch` is the newest epoch that it agreed to start, and
 * `currentEpoch` the newest whose history it acknowledged (NEWLEADER). Each is a file of ASCII digits,
 * replaced as a whole. @see docs/storage.md "Epoch files"
 *
 * A sync logs transactions of epochs that `currentEpoch` does not cover yet. `currentEpoch` may change only
 * when all of them are durable (ZOOKEEPER-4643). A crash in between must not look like damage, so
 * `announceCurrentEpoch` first writes currentEpoch.tmp.
 */
export class EpochFiles {
  readonly #disk: Disk;
  readonly #directory: string;
  #current = 0;
  #accepted = 0;

  constructor(disk: Disk, directory: string) {
    this.#disk = disk;
    this.#directory = directory;
  }

  get currentEpoch(): number {
    return this.#current;
  }

  get acceptedEpoch(): number {
    return this.#accepted;
  }

  /**
   * The value of the file before anything is derived; 0 when there is none. @throws ServerError ZK_EPOCH_FILE
   */
  readCurrentEpoch(): number {
    return this.#read(CURRENT) ?? 0;
  }

  /**
   * Reads both epochs, or derives them from the last zxid of a server that has none.
   * @throws ServerError ZK_EPOCH_FILE
   */
  load(lastZxid: number, events: ServerEvents): void {
    const epochOfLog = lastZxid < 0 ? 0 : epochOf(lastZxid);
    const current = this.#read(CURRENT);
    if (current === undefined) this.setCurrentEpoch(epochOfLog);
    else if (current >= epochOfLog) this.#current = current;
    else this.#finishInterruptedSync(current, lastZxid, events);
    const accepted = this.#read(ACCEPTED);
    if (accepted === undefined) this.setAcceptedEpoch(epochOfLog);
    else this.#accepted = accepted;
    if (this.#accepted < this.#current) {
      throw this.#error(`acceptedEpoch ${this.#accepted} is below currentEpoch ${this.#current}`);
    }
  }

  /**
   * Called before the first transaction of a sync is logged. Durable when it returns.
   * @throws ServerError ZK_DISK
   */
  announceCurrentEpoch(epoch: number): void {
    this.#replace(CURRENT + TEMPORARY_SUFFIX, epoch);
  }

  /** Called when the whole sync is durable, before the ACK of NEWLEADER. @throws ServerError ZK_DISK */
  setCurrentEpoch(epoch: number): void {
    this.#replace(CURRENT, epoch);
    this.#current = epoch;
  }

  /**
   * Called before ACKEPOCH or LEADERINFO is sent. @throws ServerError ZK_DISK; ZK_EPOCH_FILE past the last
   * epoch
   */
  setAcceptedEpoch(epoch: number): void {
    this.#replace(ACCEPTED, epoch);
    this.#accepted = epoch;
  }

  /**
   * The log holds newer epochs than currentEpoch, and currentEpoch.tmp shows that a sync was the cause. The
   * history may be cut short, so the server must not claim the announced epoch. It may claim the epoch of the
   * last transaction: a log that reaches into an epoch holds all that the epoch started from.
   */
  #finishInterruptedSync(current: number, lastZxid: number, events: ServerEvents): void {
    const epoch = epochOf(lastZxid);
    const announced = this.#read(CURRENT + TEMPORARY_SUFFIX);
    if (announced === undefined || announced < epoch) {
      throw this.#error(`currentEpoch ${current} is older than the last transaction ${zxidToHex(lastZxid)}`);
    }
    events.emit({ kind: 'syncInterrupted', current, epoch, announced });
    this.setCurrentEpoch(epoch);
  }

  #read(name: string): number | undefined {
    const path = `${this.#directory}/${name}`;
    if (!this.#disk.exists(path)) return undefined;
    const text = onDisk('read', path, () => this.#disk.read(path))
      .toString('latin1')
      .trim();
    const epoch = Number(text);
    if (!/^\d{1,15}$/.test(text) || epoch > EPOCH_MAX) {
      throw this.#error(
        `${path} holds ${JSON.stringify(text.slice(0, 40))}, not an epoch of 0 to ${EPOCH_MAX}. See server/docs/epochs.md`,
      );
    }
    return epoch;
  }

  #replace(name: string, epoch: number): void {
    const path = `${this.#directory}/${name}`;
    // A file with this epoch would prevent every later start.
    if (!isEpoch(epoch))
      throw this.#error(`${path} cannot hold epoch ${epoch}; accepted is 0 to ${EPOCH_MAX}`);
    replaceFile(this.#disk, this.#directory, name, String(epoch));
  }

  #error(message: string): ServerError {
    return new ServerError('ZK_EPOCH_FILE', message, { directory: this.#directory });
  }
}
