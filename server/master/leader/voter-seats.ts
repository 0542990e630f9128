import type { LearnerHandler } from '../learners/learner-handler.ts';

/**
 * Only one connection of each voter at a time is brought up to date and heard. Two would be dangerous: an ACK
 * on its way through the earlier one could complete a quorum with a disk that the later one has cut. But a
 * stranger that merely says it is server 2, at a port that anybody can dial, must not end the connection of
 * the server 2 that serves. So the earlier connection is asked: when its learner answers, the newcomer goes;
 * when it is silent or gone, the newcomer takes its place.
 *
 * A voter closes its connection before it dials again, so the connection that answers is the voter's own.
 */
export class VoterSeats {
  /** How long a connection may take to answer. */
  readonly #probeMs: number;
  readonly #seated = new Map<number, LearnerHandler>();

  constructor(probeMs: number) {
    this.#probeMs = probeMs;
  }

  /** Calls `done` when the newcomer has the seat of its voter. */
  take(newcomer: LearnerHandler, done: () => void): void {
    const { sid } = newcomer;
    const seated = this.#seated.get(sid);
    if (seated === undefined) {
      this.#seated.set(sid, newcomer);
      done();
      return;
    }
    seated.probe(this.#probeMs, isThere => {
      if (newcomer.closed) return;
      if (isThere) {
        newcomer.close(`server ${sid} has another connection, from ${seated.remote}, and answers there`);
        return;
      }
      seated.close(`the learner came back on another connection, and nobody answers on this one`);
      this.take(newcomer, done);
    });
  }

  /** Called when a connection has closed. */
  leave(handler: LearnerHandler): void {
    if (this.#seated.get(handler.sid) === handler) this.#seated.delete(handler.sid);
  }
}
