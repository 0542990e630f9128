import { ServerError } from '../../errors.ts';
import type { Disk, Random } from '../../runtime/runtime.ts';
import { onDisk } from '../disk-error.ts';
import { TEMPORARY_SUFFIX } from '../snapshots/snapshot-writer.ts';
import { listLogFiles } from '../txn-log/log-format.ts';
import { areApart, checkDirectories, type DataLayout, VERSION_DIRECTORY } from './directory-check.ts';
import { LogRecord, readOwner, writeOwner } from './log-record.ts';

export interface DataDirectoriesConfig {
  readonly dataDir: string;
  readonly dataLogDir: string;
  /** False: missing directories are not created (datadir.autocreate). */
  readonly directoryAutoCreate: boolean;
  /** A file beside the snapshots says where their logs are. @see LogRecord */
  readonly logRecord: boolean;
}

/** Large enough that two servers of one host do not draw the same number. */
const PAIRS = 2 ** 32;

/** The directories of one server's snapshots and logs, and the records that say that they belong together. */
export class DataDirectories {
  readonly snapshots: string;
  readonly logs: string;
  readonly layout: DataLayout;
  readonly record: LogRecord;
  readonly #disk: Disk;
  readonly #config: DataDirectoriesConfig;
  #pair: string | undefined;

  constructor(disk: Disk, config: DataDirectoriesConfig) {
    const { dataDir, dataLogDir } = config;
    this.#disk = disk;
    this.#config = config;
    this.snapshots = `${dataDir}/${VERSION_DIRECTORY}`;
    this.logs = `${dataLogDir}/${VERSION_DIRECTORY}`;
    this.layout = { dataDir, dataLogDir, snapDirectory: this.snapshots, logDirectory: this.logs };
    this.record = new LogRecord(disk, this.snapshots);
  }

  /**
   * Checks that the directories exist, belong together, and hold no unfinished files.
   * @throws ServerError ZK_DATA_DIR, ZK_DATA_MISMATCH, ZK_DISK
   */
  open(): void {
    for (const path of [this.snapshots, this.logs]) {
      this.#make(path);
      // Recovery reads file names that a killed process left behind, so they are made durable first.
      onDisk('sync', path, () => this.#disk.syncDirectory(path));
    }
    checkDirectories(this.#disk, this.layout, this.record);
    this.#pair = this.record.read()?.pair;
    this.#removeTemporarySnapshots();
  }

  #make(path: string): void {
    if (!this.#config.directoryAutoCreate && !this.#disk.exists(path)) {
      throw new ServerError(
        'ZK_DATA_DIR',
        `${path} is missing, and datadir.autocreate=false: create it, or mount the file system it is on`,
        { path },
      );
    }
    onDisk('create', path, () => this.#disk.makeDirectory(path));
  }

  #removeTemporarySnapshots(): void {
    for (const name of this.#disk.list(this.snapshots)) {
      if (!name.startsWith('snapshot.') || !name.endsWith(TEMPORARY_SUFFIX)) continue;
      const path = `${this.snapshots}/${name}`;
      onDisk('remove', path, () => this.#disk.remove(path));
    }
  }

  get hasLogs(): boolean {
    return listLogFiles(this.#disk, this.logs).length > 0;
  }

  /**
   * Records whether there are logs. Called before the first log is removed, and after the first one is
   * durable.
   */
  recordLogs(logged: boolean): void {
    if (this.#config.logRecord) this.record.write({ logDirectory: this.logs, logged, pair: this.#pair });
  }

  /** Writes the same pair number to both directories, so that they can be recognised after a move. */
  pair(random: Random): void {
    if (!this.#config.logRecord || !areApart(this.#disk, this.layout)) return;
    const owner = readOwner(this.#disk, this.logs);
    this.#pair ??= owner?.pair ?? random.below(PAIRS).toString(16);
    this.recordLogs(this.hasLogs);
    if (owner?.pair !== this.#pair)
      writeOwner(this.#disk, this.logs, { snapshotDirectory: this.snapshots, pair: this.#pair });
  }
}
