import type { QuorumVerifier } from './quorum-verifier.ts';

/** Waiting until a quorum of voters, the leader itself among them, has said something. */
export class QuorumWait {
  readonly #sid: number;
  readonly #verifier: QuorumVerifier;
  readonly #said = new Set<number>();
  readonly #waiting: (() => void)[] = [];
  #done = false;

  constructor(sid: number, verifier: QuorumVerifier) {
    this.#sid = sid;
    this.#verifier = verifier;
  }

  get done(): boolean {
    return this.#done;
  }

  get isQuorum(): boolean {
    return this.#said.has(this.#sid) && this.#verifier.containsQuorum(this.#said);
  }

  say(sid: number): void {
    this.#said.add(sid);
  }

  whenDone(run: () => void): void {
    if (this.#done) run();
    else this.#waiting.push(run);
  }

  finish(): void {
    this.#done = true;
    for (const run of this.#waiting.splice(0)) run();
  }
}
