/**
 * Longest interval between two notifications of a server that knows of a pending configuration. It may vote
 * for another candidate with each of them, and servers that already follow it send it nothing.
 */
export const PENDING_RESEND_MAX_MS = 1000;
/** Resends after which the order of candidates begins anew, and how many prefer committed ones. */
const CYCLE_RESENDS = 12;
const COMMITTED_RESENDS = 9;

/**
 * Which of two candidates with equal histories comes first while a configuration is pending: the larger sid,
 * as upstream, or one of the committed configuration, whom everybody knows. The periods in which a server
 * prefers the latter are long, so that those of several servers overlap.
 */
export class CandidateOrder {
  #resends = 0;

  get prefersCommitted(): boolean {
    const at = this.#resends % CYCLE_RESENDS;
    return at > 0 && at <= COMMITTED_RESENDS;
  }

  /** A resend brought no quorum. */
  next(): void {
    this.#resends++;
  }

  restart(): void {
    this.#resends = 0;
  }
}
