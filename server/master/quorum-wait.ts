import type { QuorumSource } from '../membership/joint-quorum.ts';

/** Waits until a quorum of voters, the leader itself among them, has said something. */
export class QuorumWait {
  readonly #sid: number;
  readonly #membership: QuorumSource;
  readonly #said = new Set<number>();
  readonly #waiting = new Map<object, () => void>();
  #done = false;

  constructor(sid: number, membership: QuorumSource) {
    this.#sid = sid;
    this.#membership = membership;
  }

  get done(): boolean {
    return this.#done;
  }

  get isQuorum(): boolean {
    return this.#said.has(this.#sid) && this.#membership.quorum.containsQuorum(this.#said);
  }

  say(sid: number): void {
    this.#said.add(sid);
  }

  whenDone(waiter: object, run: () => void): void {
    if (this.#done) run();
    else this.#waiting.set(waiter, run);
  }

  /** Forgets a waiter that has left, so that strangers that come and go leave nothing behind. */
  forget(waiter: object): void {
    this.#waiting.delete(waiter);
  }

  finish(): void {
    this.#done = true;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const run of waiting) run();
  }
}
