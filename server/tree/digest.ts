import { highOf, lowOf } from '../collections/long-map.ts';
import type { StatPersisted } from '../wire/stat.ts';
import { CRC_START, crcBytes, crcLong, crcOf, crcText, crcWord } from './crc32.ts';

/**
 * The digest that every server keeps of its tree: the sum, modulo 2^64, of one CRC-32 per node. A sum can be
 * updated by the changes alone, and does not depend on the order of the nodes.
 *
 * @see docs/tree.md "Digest"; DigestCalculator; AdHash
 */
export const DIGEST_VERSION = 2;

/** A 64-bit sum as two signed ints. Every write uses it, so a BigInt would cost garbage. */
export class TreeDigest {
  high = 0;
  low = 0;

  /** `crc` counts as unsigned, whatever its sign. */
  add(crc: number): this {
    const low = (this.low + crc) | 0;
    if (low >>> 0 < crc >>> 0) this.high = (this.high + 1) | 0;
    this.low = low;
    return this;
  }

  subtract(crc: number): this {
    if (this.low >>> 0 < crc >>> 0) this.high = (this.high - 1) | 0;
    this.low = (this.low - crc) | 0;
    return this;
  }

  copyFrom(other: TreeDigest): this {
    this.high = other.high;
    this.low = other.low;
    return this;
  }

  clear(): this {
    this.high = 0;
    this.low = 0;
    return this;
  }

  equals(other: TreeDigest): boolean {
    return this.high === other.high && this.low === other.low;
  }

  /** Unsigned, as upstream prints it. */
  toBigInt(): bigint {
    return (BigInt(this.high >>> 0) << 32n) | BigInt(this.low >>> 0);
  }

  static fromBigInt(value: bigint): TreeDigest {
    const digest = new TreeDigest();
    digest.high = highOf(value);
    digest.low = lowOf(value);
    return digest;
  }

  /** Eight bytes, as a transaction and a snapshot carry it. */
  writeTo(bytes: Buffer, at: number): void {
    bytes.writeInt32BE(this.high, at);
    bytes.writeInt32BE(this.low, at + 4);
  }
}

const SYSTEM_SUBTREE = '/zookeeper/';

/** Quota nodes differ from server to server, so nothing below /zookeeper counts; /zookeeper itself does. */
export function countsInDigest(path: string): boolean {
  return !path.startsWith(SYSTEM_SUBTREE);
}

/**
 * CRC-32 state over path and data. A znode keeps it, so that a change of its stat alone, such as every new or
 * deleted child causes, costs 60 bytes however large the data is.
 */
export function contentCrcState(path: string, data: Uint8Array | null): number {
  const state = path === '/' ? CRC_START : crcText(CRC_START, path);
  return data === null ? state : crcBytes(state, data);
}

/** Adds the 60 bytes of stat to what `contentCrcState` gave. `fields.cversion` is the stored one. Signed. */
export function digestCrcFrom(contentState: number, fields: StatPersisted): number {
  let crc = crcLong(contentState, fields.czxid);
  crc = crcLong(crc, fields.mzxid);
  crc = crcLong(crc, fields.pzxid);
  crc = crcLong(crc, fields.ctime);
  crc = crcLong(crc, fields.mtime);
  crc = crcWord(crc, fields.version);
  crc = crcWord(crc, fields.cversion);
  crc = crcWord(crc, fields.aversion);
  const owner = fields.ephemeralOwner;
  if (owner === 0n) return crcOf(crcWord(crcWord(crc, 0), 0));
  return crcOf(crcWord(crcWord(crc, highOf(owner)), lowOf(owner)));
}

/**
 * The contribution of one node to the tree digest, unsigned; 0 below /zookeeper. `fields` may be a node or a
 * leader's record of a pending one.
 */
export function nodeDigestCrc(path: string, data: Uint8Array | null, fields: StatPersisted): number {
  return countsInDigest(path) ? digestCrcFrom(contentCrcState(path, data), fields) >>> 0 : 0;
}
