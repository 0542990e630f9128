import { setTimeout as sleep } from 'node:timers/promises';

const ATTEMPTS = 5;
const PAUSE_MS = 200;

type Undo = () => Promise<void>;

/**
 * Steps to undo, each persistently: the last one first, or together where one waits for another, as members
 * do for a quorum.
 */
export class Healing {
  readonly #order: 'last first' | 'together';
  #steps: Undo[] = [];
  #healing: Promise<void> | undefined;

  constructor(order: 'last first' | 'together' = 'last first') {
    this.#order = order;
  }

  add(step: Undo): void {
    this.#steps.push(step);
  }

  /** @throws AggregateError once all steps have been tried; a later call retries the failed ones */
  heal(): Promise<void> {
    this.#healing ??= this.#heal().finally(() => {
      this.#healing = undefined;
    });
    return this.#healing;
  }

  async #heal(): Promise<void> {
    const errors: unknown[] = [];
    const undone: Undo[] = [];
    const undo = async (step: Undo) => {
      try {
        await persistently(step);
      } catch (error) {
        errors.push(error);
        undone.unshift(step);
      }
    };
    const steps = this.#steps.splice(0).reverse();
    if (this.#order === 'together') await Promise.all(steps.map(undo));
    else for (const step of steps) await undo(step);
    this.#steps = undone;
    if (errors.length > 0) {
      const words = errors.map(error => (error as Error).message).join('; ');
      throw new AggregateError(errors, `a fault was not healed: ${words}`);
    }
  }
}

/** Tries a few times: an outgoing connection may occupy the port of a returning proxy for a moment. */
export async function persistently(step: Undo): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await step();
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
      await sleep(PAUSE_MS);
    }
  }
}
