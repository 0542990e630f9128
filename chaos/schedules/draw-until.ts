/** Events that end a drawn fault, for faults that can bring them about. */

import type { SeededRandom } from '../../server/runtime/seeded-random.ts';
import type { UntilEvent } from '../faults/nemesis/until.ts';

/** Of the faults that fit, how many end with their event. */
const PROBABILITY = 0.5;
/** Such a fault may last this many times longer than others, if its event does not come. */
export const UNTIL_LASTS = 2;

/** Faults under which a member does not hear the others. */
export const CUTS: readonly string[] = ['blackhole', 'refuse', 'one-way', 'timeout', 'kill', 'pause'];
/** Under these, a learner comes back again and again. */
export const RETURNS: readonly string[] = ['flapping', 'swizzle', 'rolling-restart'];

/** @param options as a person would write them */
export function untilOf(fault: string, options: object): UntilEvent | undefined {
  const role = roleOf(options);
  if (fault === 'isolate-leader' || (CUTS.includes(fault) && role === 'leader')) return 'election';
  if (CUTS.includes(fault) && (role === 'follower' || role === 'observer')) return 'snapshot';
  return RETURNS.includes(fault) ? 'sync-by-snap' : undefined;
}

export function drawUntil(random: SeededRandom, fault: string, options: object): UntilEvent | undefined {
  const event = untilOf(fault, options);
  return event !== undefined && random.chance(PROBABILITY) ? event : undefined;
}

/** Of the members that it is on, or from whose side links are cut. */
function roleOf(options: object): unknown {
  const { target, select } = options as {
    readonly target?: { readonly role?: unknown };
    readonly select?: { readonly from?: { readonly role?: unknown } };
  };
  return target?.role ?? select?.from?.role;
}
