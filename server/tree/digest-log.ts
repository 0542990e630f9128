import { TreeDigest } from './digest.ts';

/** The digest of the tree after `zxid`. */
export interface DigestLogEntry {
  readonly zxid: number;
  readonly digest: TreeDigest;
}

const INTERVAL = 128;
const ENTRIES_MAX = 1024;

/** The digests of the tree at intervals, oldest first. Two servers compare theirs at the same zxids. */
export class DigestLog {
  readonly #entries: DigestLogEntry[] = [];

  get entries(): readonly DigestLogEntry[] {
    return this.#entries;
  }

  isDueAt(zxid: number): boolean {
    return zxid % INTERVAL === 0;
  }

  add(zxid: number, digest: TreeDigest): void {
    this.#entries.push({ zxid, digest: new TreeDigest().copyFrom(digest) });
    if (this.#entries.length > ENTRIES_MAX) this.#entries.shift();
  }

  clear(): void {
    this.#entries.length = 0;
  }
}
