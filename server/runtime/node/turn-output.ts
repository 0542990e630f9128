import type { NodeClock } from './node-clock.ts';

/**
 * Bytes that all connections together hand to the system in one turn of the loop, beyond small answers. The
 * system copies them there and then: a few readers with room for 4 MiB each would hold the loop for 20 ms.
 */
const OUTPUT_BYTES_PER_TURN = 512 * 1024;

/** What is left of one turn's output. Whoever finds nothing left goes on in the next turn, in this order. */
export class TurnOutput {
  readonly #clock: NodeClock;
  #turn = -1;
  #leftBytes = 0;

  constructor(clock: NodeClock) {
    this.#clock = clock;
  }

  /** The last one to take may take more than is left. */
  get isUsedUp(): boolean {
    return this.#clock.turns === this.#turn && this.#leftBytes <= 0;
  }

  take(bytes: number): void {
    const { turns } = this.#clock;
    if (turns !== this.#turn) {
      this.#turn = turns;
      this.#leftBytes = OUTPUT_BYTES_PER_TURN;
    }
    this.#leftBytes -= bytes;
  }

  /** Must be called at most once for each end of a turn by one caller. */
  whenLeft(goOn: () => void): void {
    this.#clock.flushAfterTurn(goOn);
  }
}
