/**
 * An outside observer of two voters. It decides which of them goes on alone when they have lost each other,
 * and must never authorise both.
 * @see docs/oracle.md; QuorumOracleMaj
 */
export interface Oracle {
  /** It is asked at each decision, and its answer counts for that decision alone. */
  authorizes(): boolean;
}

export const NO_ORACLE: Oracle = { authorizes: () => false };
