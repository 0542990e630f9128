/** Keys of failures: the same in each night that has the same failure. */

/** Removes what differs from run to run: zxids, sessions, times, numbers of operations. */
export function keyOf(reason: string): string {
  return reason
    .replace(/\b0x[0-9a-f]+\b/gi, '#')
    .replace(/\b(?=[0-9a-f]*\d)[0-9a-f]{6,}\b/gi, '#')
    .replace(/\d+(\.\d+)?/g, '#')
    .replace(/#(,? #)+/g, '#')
    .trim();
}
