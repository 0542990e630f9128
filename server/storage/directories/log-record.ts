import type { Disk } from '../../runtime/runtime.ts';
import { onDisk } from '../disk-error.ts';
import { replaceFile } from '../small-file.ts';

export const LOG_RECORD_NAME = 'logDirectory';

/** Where the logs of a directory of snapshots are, and whether there are any. */
export interface LogRecordText {
  readonly logDirectory: string;
  readonly logged: boolean;
  /** The pair number, when the logs have a directory of their own. The record there has the same one. */
  readonly pair: string | undefined;
}

/**
 * The file `logDirectory` beside the snapshots, which says where their logs are. Without it, a server whose
 * logs are elsewhere or gone looks like one that never had any, and would serve what its newest snapshot
 * holds. Apache's servers ignore the file. It never says that there are logs before they are durable, nor
 * after the first of them is removed.
 */
export class LogRecord {
  readonly #disk: Disk;
  readonly #directory: string;
  #text: LogRecordText | undefined;

  constructor(disk: Disk, snapDirectory: string) {
    this.#disk = disk;
    this.#directory = snapDirectory;
  }

  get path(): string {
    return `${this.#directory}/${LOG_RECORD_NAME}`;
  }

  /**
   * Undefined when this server never wrote one here, or when somebody overwrote it. @throws ServerError
   * ZK_DISK
   */
  read(): LogRecordText | undefined {
    if (!this.#disk.exists(this.path)) return undefined;
    const text = onDisk('read', this.path, () => this.#disk.read(this.path)).toString('utf8');
    const match = /^logged=(true|false)\nlogDirectory=(.+)\n(?:pair=([0-9a-f]+)\n)?$/.exec(text);
    if (match === null) return undefined;
    this.#text = { logged: match[1] === 'true', logDirectory: match[2]!, pair: match[3] };
    return this.#text;
  }

  /** Durable when it returns. @throws ServerError ZK_DISK */
  write(text: LogRecordText): void {
    const { logged, logDirectory, pair } = text;
    const known = this.#text;
    if (known?.logged === logged && known.logDirectory === logDirectory && known.pair === pair) return;
    const lines = `logged=${logged}\nlogDirectory=${logDirectory}\n${pair === undefined ? '' : `pair=${pair}\n`}`;
    replaceFile(this.#disk, this.#directory, LOG_RECORD_NAME, lines);
    this.#text = text;
  }
}

const OWNER_RECORD_NAME = 'snapshotDirectory';

export interface OwnerRecord {
  readonly snapshotDirectory: string;
  readonly pair: string;
}

/**
 * The other half of the record, in a directory that has only logs: it names their owner. Undefined without
 * one. @throws ServerError ZK_DISK
 */
export function readOwner(disk: Disk, logDirectory: string): OwnerRecord | undefined {
  const path = `${logDirectory}/${OWNER_RECORD_NAME}`;
  if (!disk.exists(path)) return undefined;
  const text = onDisk('read', path, () => disk.read(path)).toString('utf8');
  const match = /^snapshotDirectory=(.+)\npair=([0-9a-f]+)\n$/.exec(text);
  return match === null ? undefined : { snapshotDirectory: match[1]!, pair: match[2]! };
}

/** Durable when it returns. @throws ServerError ZK_DISK */
export function writeOwner(disk: Disk, logDirectory: string, { snapshotDirectory, pair }: OwnerRecord): void {
  replaceFile(
    disk,
    logDirectory,
    OWNER_RECORD_NAME,
    `snapshotDirectory=${snapshotDirectory}\npair=${pair}\n`,
  );
}
