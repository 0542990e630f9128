/**
 * Whoever watches two voters from outside and decides which of them goes on when it has lost the other. It
 * must never authorise both.
 * @see docs/oracle.md; QuorumOracleMaj
 */
export interface Oracle {
  /** Asked at each decision, so an answer counts for that one alone. */
  authorizes(): boolean;
}

export const NO_ORACLE: Oracle = { authorizes: () => false };
