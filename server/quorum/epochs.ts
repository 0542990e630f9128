import type { EpochFile } from '../storage/epoch-file.ts';

/**
 * The two promises a server keeps on disk: `acceptedEpoch`, never to follow a leader of an older one, and
 * `currentEpoch`, whose leader's history it has. Setting one returns when it is durable.
 */
export class Epochs {
  readonly #accepted: EpochFile;
  readonly #current: EpochFile;
  #acceptedEpoch: number;
  #currentEpoch: number;

  constructor(accepted: EpochFile, current: EpochFile, values: { accepted: number; current: number }) {
    this.#accepted = accepted;
    this.#current = current;
    this.#acceptedEpoch = values.accepted;
    this.#currentEpoch = values.current;
  }

  get acceptedEpoch(): number {
    return this.#acceptedEpoch;
  }

  set acceptedEpoch(epoch: number) {
    this.#accepted.write(epoch);
    this.#acceptedEpoch = epoch;
  }

  get currentEpoch(): number {
    return this.#currentEpoch;
  }

  set currentEpoch(epoch: number) {
    this.#current.write(epoch);
    this.#currentEpoch = epoch;
  }
}
