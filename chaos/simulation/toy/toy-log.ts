import type { Disk, DiskFile } from '../../../server/runtime/runtime.ts';

export interface Entry {
  readonly zxid: number;
  readonly f: 'create' | 'setData' | 'delete';
  readonly path: string;
  readonly value: string;
}

const DIRECTORY = '/toy';
const LOG = '/toy/log';
const BOOTS = '/toy/boots';

/** The toy's log: each entry is one JSON line, and a torn last line is no entry. */
export class ToyLog {
  readonly #disk: Disk;
  readonly entries: Entry[] = [];
  #file: DiskFile;
  #syncing = false;
  #waiting: (() => void)[] = [];

  constructor(disk: Disk) {
    this.#disk = disk;
    disk.makeDirectory(DIRECTORY);
    this.#file = disk.open(LOG, 'a+');
    disk.syncDirectory(DIRECTORY);
    for (const line of this.#file.readAt(0, this.#file.size()).toString().split('\n').slice(0, -1)) {
      this.entries.push(JSON.parse(line) as Entry);
    }
    // Otherwise the next entry would be appended to a torn last line.
    this.replace([...this.entries]);
  }

  get lastZxid(): number {
    return this.entries.at(-1)?.zxid ?? 0;
  }

  /** Calls back when this entry, and every entry before it, is on disk. */
  append(entry: Entry, done: () => void): void {
    this.entries.push(entry);
    this.#file.writeAt(this.#file.size(), Buffer.from(`${JSON.stringify(entry)}\n`));
    this.#waiting.push(done);
    this.#sync();
  }

  /** Replaces the whole log in one step. */
  replace(entries: readonly Entry[]): void {
    const text = entries.map(entry => `${JSON.stringify(entry)}\n`).join('');
    this.#file.close();
    this.#file = writeInOneStep(this.#disk, LOG, text);
    this.entries.splice(0, this.entries.length, ...entries);
    this.#waiting = [];
    this.#syncing = false;
  }

  #sync(): void {
    if (this.#syncing) return;
    this.#syncing = true;
    const file = this.#file;
    const waiting = this.#waiting;
    this.#waiting = [];
    file.sync(error => {
      if (error !== undefined) throw error;
      if (file !== this.#file) return;
      this.#syncing = false;
      for (const done of waiting) done();
      if (this.#waiting.length > 0) this.#sync();
    });
  }
}

/** A number that one machine never gets twice, whatever crashes. */
export function nextBoot(disk: Disk): number {
  const boot = (disk.exists(BOOTS) ? Number(disk.read(BOOTS).toString()) : 0) + 1;
  disk.makeDirectory(DIRECTORY);
  writeInOneStep(disk, BOOTS, String(boot)).close();
  return boot;
}

function writeInOneStep(disk: Disk, path: string, text: string): DiskFile {
  const next = disk.open(`${path}.next`, 'w');
  next.writeAt(0, Buffer.from(text));
  next.syncNow();
  next.close();
  disk.rename(`${path}.next`, path);
  disk.syncDirectory(DIRECTORY);
  return disk.open(path, 'a+');
}
