import type { ZNode } from '../tree/znode.ts';
import { JuteWriter } from '../wire/jute.ts';

const PIECE_BYTES = 256 * 1024;

/** A vector of names as a reply contains it, made step by step, in pieces that many replies may share. */
export class NameList {
  readonly pieces: Buffer[] = [];
  readonly #names: readonly string[];
  readonly #isWanted: ((name: string) => boolean) | null;
  readonly #writer = new JuteWriter(4096);
  #at = 0;
  #count = 0;
  #cutBytes = 0;

  constructor(names: Iterable<string>, isWanted: ((name: string) => boolean) | null = null) {
    this.#names = [...names];
    this.#isWanted = isWanted;
    this.#writer.writeInt(0);
  }

  get bytes(): number {
    return this.#cutBytes + this.#writer.length;
  }

  /** Writes up to `namesMax` more names. True when all are written. */
  step(namesMax: number): boolean {
    const names = this.#names;
    const end = Math.min(names.length, this.#at + namesMax);
    for (; this.#at < end; this.#at++) {
      const name = names[this.#at]!;
      if (this.#isWanted !== null && !this.#isWanted(name)) continue;
      this.#writer.writeString(name);
      this.#count++;
      if (this.#writer.length >= PIECE_BYTES) this.#cut();
    }
    if (this.#at < names.length) return false;
    if (this.#writer.length > 0) this.#cut();
    this.pieces[0]!.writeInt32BE(this.#count, 0);
    return true;
  }

  #cut(): void {
    this.pieces.push(this.#writer.toBuffer());
    this.#cutBytes += this.#writer.length;
    this.#writer.reset();
  }
}

/** Limit on the bytes of the kept lists of children. */
const NAMES_KEPT_BYTES_MAX = 32 * 1024 * 1024;
const LISTS_KEPT_MAX = 256;

interface KeptNames {
  readonly pzxid: number;
  readonly count: number;
  readonly pieces: readonly Buffer[];
  readonly bytes: number;
}

/**
 * Keeps the encoded lists of children of nodes that have many, for the next client that asks. It drops the
 * least recently used.
 */
export class NamesCache {
  readonly #kept = new Map<ZNode, KeptNames>();
  readonly #bytesMax: number;
  #bytes = 0;

  constructor(bytesMax = NAMES_KEPT_BYTES_MAX) {
    this.#bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Null when no list of the node's current children is kept. */
  get(node: ZNode): readonly Buffer[] | null {
    const kept = this.#kept.get(node);
    if (kept === undefined) return null;
    if (kept.pzxid !== node.pzxid || kept.count !== node.children?.size) {
      this.#drop(node, kept);
      return null;
    }
    this.#kept.delete(node);
    this.#kept.set(node, kept);
    return kept.pieces;
  }

  /** `pzxid` and `count` are those of the node when the list was begun. */
  put(node: ZNode, pzxid: number, count: number, list: NameList): void {
    const { pieces, bytes } = list;
    if (bytes > this.#bytesMax / 2) return;
    const before = this.#kept.get(node);
    if (before !== undefined) this.#drop(node, before);
    this.#kept.set(node, { pzxid, count, pieces, bytes });
    this.#bytes += bytes;
    for (const [oldest, kept] of this.#kept) {
      if (this.#bytes <= this.#bytesMax && this.#kept.size <= LISTS_KEPT_MAX) return;
      this.#drop(oldest, kept);
    }
  }

  #drop(node: ZNode, kept: KeptNames): void {
    this.#kept.delete(node);
    this.#bytes -= kept.bytes;
  }
}
