/** Proves that the limit of a link was in force during a transfer: its bytes against it, and what tc says. */
import { bitsPerSecond } from '../../bench/hosts/network/link-limits.ts';

/** A transfer that takes less of the link was bounded by something else. */
const USED_MIN = 0.8;
/** A burst after a pause, and what a counter of bytes sees before and after the transfer. */
const USED_MAX = 1.1;
/** A machine with less idle time had no core left for a member that wanted one. */
const IDLE_MIN = 0.15;

/** The share of `bandwidth` that these bytes are in that time, 0 to 1, and more where it was not in force. */
export function linkUse(bytes: number, bandwidth: string, ms: number): number {
  return (bytes * 8 * 1_000) / ((bitsPerSecond(bandwidth) ?? Number.NaN) * ms);
}

/** What was seen of the links during a transfer. */
export interface SeenLinks {
  /** Of the busiest link, as `linkUse` says it. */
  readonly use: number;
  /** Members whose links tc did not limit at the end. */
  readonly unlimited: readonly string[];
  /** Of all cores of this machine, 0 to 1; undefined where it does not tell. */
  readonly idle: number | undefined;
}

/**
 * Why a transfer does not count, one sentence each. One that was slow within the limit counts, for then its
 * senders were slow, unless they had to share the cores of this machine.
 * @param isBound the transfer is long enough to be bounded by the link
 */
export function offTheLimit({ use, unlimited, idle }: SeenLinks, isBound: boolean): string[] {
  const reasons: string[] = [];
  if (unlimited.length > 0) reasons.push(`the links of ${unlimited.join(', ')} had no limit any more`);
  if (use > USED_MAX)
    reasons.push(`the link carried ${percent(use)} of its bandwidth: the limit was not in force`);
  if (Number.isNaN(use)) reasons.push('nobody counted what the link carried');
  if (isBound && use < USED_MIN && idle !== undefined && idle < IDLE_MIN)
    reasons.push(
      `the link used ${percent(use)} of its bandwidth while the machine was idle for ${percent(idle)} of the time: ` +
        'what bounded the transfer were the cores that all members share',
    );
  return reasons;
}

/** What a reader should know of a transfer that counts: undefined where the link was the bound. */
export function underTheLimit(use: number): string | undefined {
  if (!(use < USED_MIN)) return undefined;
  return `the link used ${percent(use)} of its bandwidth, so the members were slower than it`;
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
