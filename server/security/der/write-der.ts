import { Tag } from './der.ts';

/** A value of DER. */
export function derValue(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  const size: number[] = [];
  for (let left = body.length; left > 0; left = Math.floor(left / 256)) size.unshift(left % 256);
  const length = body.length < 0x80 ? [body.length] : [0x80 | size.length, ...size];
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
}

export function derSequence(...parts: readonly Uint8Array[]): Buffer {
  return derValue(Tag.sequence, ...parts);
}
