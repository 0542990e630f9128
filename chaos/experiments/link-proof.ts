/** Proves that the bandwidth of a link, and nothing else, bounded a transfer: its bytes against the limit. */
import { bitsPerSecond } from '../../bench/hosts/network/link-limits.ts';

const USED_MIN = 0.8;
/** A burst after a pause, and what a counter of bytes sees before and after the transfer. */
const USED_MAX = 1.1;

/** The share of `bandwidth` that these bytes are in that time, 0 to 1, and more where it was not in force. */
export function linkUse(bytes: number, bandwidth: string, ms: number): number {
  return (bytes * 8 * 1_000) / ((bitsPerSecond(bandwidth) ?? Number.NaN) * ms);
}

/**
 * Why a transfer does not count, one sentence each.
 * @param isBound the transfer is meant to be bounded by the link; a short one is not, and may only not exceed
 * it
 */
export function offTheLimit(use: number, isBound: boolean): string[] {
  if (use > USED_MAX)
    return [`the link carried ${percent(use)} of its bandwidth: the limit was not in force`];
  if (isBound && !(use >= USED_MIN))
    return [
      `the link used ${percent(use)} of its bandwidth, at least ${percent(USED_MIN)} are needed: it was not what bounded the transfer`,
    ];
  return [];
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
