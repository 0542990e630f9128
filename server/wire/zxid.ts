/**
 * A zxid is epoch * 2^32 + counter. It is held as a number, exact for every epoch below 2^21. At one election
 * per second these epochs last 24 days; `makeZxid` refuses the next one.
 */
const TWO_32 = 0x1_0000_0000;
export const EPOCH_MAX = 0x1f_ffff;
export const COUNTER_MAX = 0xffff_ffff;

export function isEpoch(epoch: number): boolean {
  return epoch >= 0 && epoch <= EPOCH_MAX;
}

export function makeZxid(epoch: number, counter: number): number {
  if (epoch > EPOCH_MAX) throw new RangeError(`epoch ${epoch} is above ${EPOCH_MAX}`);
  return epoch * TWO_32 + counter;
}

export function epochOf(zxid: number): number {
  return Math.floor(zxid / TWO_32);
}

export function counterOf(zxid: number): number {
  return zxid - epochOf(zxid) * TWO_32;
}

/**
 * As upstream prints it in logs and four-letter words: "0x100000001"; negative ones as 64-bit two's
 * complement.
 */
export function zxidToHex(zxid: number): string {
  return `0x${zxidToBareHex(zxid)}`;
}

/** As upstream names files: "100000001". */
export function zxidToBareHex(zxid: number): string {
  return zxid >= 0 ? zxid.toString(16) : BigInt.asUintN(64, BigInt(zxid)).toString(16);
}

/**
 * True when `next` may directly follow `previous`: the next counter of the epoch, or the first of a later
 * one.
 */
export function follows(next: number, previous: number): boolean {
  return next === previous + 1 || (epochOf(next) > epochOf(previous) && counterOf(next) === 1);
}
