/** How a night spends its time. */

/** In a shorter night the claims, which take about 20 minutes, would leave too little to the rest. */
export const CLAIMS_FROM_MS = 60 * 60_000;
/** The share of chaos in the time that the claims leave. The simulation takes the rest. */
const CHAOS_SHARE = 0.7;
/** About the time that one run of chaos takes. */
const CHAOS_MIN_MS = 60_000;

/** @param isAsked whether the parts of the night were named */
export function hasTimeForClaims(forMs: number, isAsked: boolean): boolean {
  return isAsked || forMs >= CLAIMS_FROM_MS;
}

/** Undefined when nothing is left. @param isLast nothing comes behind it */
export function chaosMsOf(leftMs: number, isLast: boolean): number | undefined {
  const ms = Math.floor((isLast ? leftMs : leftMs * CHAOS_SHARE) / 1_000) * 1_000;
  return leftMs < CHAOS_MIN_MS ? undefined : ms;
}
