import type { JuteWriter } from '../wire/jute.ts';
import { type OwnerLayout, shownOwner } from './owner.ts';
import { childCount, dataLength, shownCversion, type ZNode } from './znode.ts';

export const STAT_BYTES = 68;

/**
 * Writes the Stat that clients see straight from the node, because most replies carry one. Same bytes as
 * `writeStat(statOf(node, layout))`.
 */
export function writeNodeStat(writer: JuteWriter, node: ZNode, layout: OwnerLayout): void {
  const at = writer.reserve(STAT_BYTES);
  const bytes = writer.buffer;
  putLong(bytes, at, node.czxid);
  putLong(bytes, at + 8, node.mzxid);
  putLong(bytes, at + 16, node.ctime);
  putLong(bytes, at + 24, node.mtime);
  putInt(bytes, at + 32, node.version);
  putInt(bytes, at + 36, shownCversion(node));
  putInt(bytes, at + 40, node.aversion);
  if (node.ephemeralOwner === 0n) {
    putInt(bytes, at + 44, 0);
    putInt(bytes, at + 48, 0);
  } else {
    bytes.writeBigInt64BE(shownOwner(node.ephemeralOwner, layout), at + 44);
  }
  putInt(bytes, at + 52, dataLength(node));
  putInt(bytes, at + 56, childCount(node));
  putLong(bytes, at + 60, node.pzxid);
}

const TWO_32 = 0x1_0000_0000;

function putLong(bytes: Buffer, at: number, value: number): void {
  const high = Math.floor(value / TWO_32);
  putInt(bytes, at, high);
  putInt(bytes, at + 4, value - high * TWO_32);
}

function putInt(bytes: Buffer, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}
