/** How a night spends its time. */

export interface Shares {
  /** Whether there is time for the claims, which take about the same time whatever the night. */
  readonly claims: boolean;
  readonly chaosMs: number;
}

/** What the quick suite takes, with room to spare. */
export const CLAIMS_MS = 20 * 60_000;
/** In a shorter night the claims would leave too little to the rest. */
export const CLAIMS_FROM_MS = 60 * 60_000;
/** Of what the claims leave. The simulation takes all the time that is left in the end. */
const CHAOS_SHARE = 0.7;

export function sharesOf(forMs: number, wantsClaims: boolean): Shares {
  const claims = wantsClaims && forMs >= CLAIMS_FROM_MS;
  return { claims, chaosMs: (forMs - (claims ? CLAIMS_MS : 0)) * CHAOS_SHARE };
}
