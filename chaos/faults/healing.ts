import { setTimeout as sleep } from 'node:timers/promises';

const ATTEMPTS = 5;
const PAUSE_MS = 200;

type Undo = () => Promise<void>;

/**
 * Things to undo, the last done first. Each is tried a few times: a proxy that comes back may find its port
 * taken for a moment by an outgoing connection.
 */
export class Healing {
  #steps: Undo[] = [];
  #healing: Promise<void> | undefined;

  add(step: Undo): void {
    this.#steps.push(step);
  }

  /** @throws AggregateError once all have been tried; what it could not undo a later call tries again */
  heal(): Promise<void> {
    this.#healing ??= this.#heal().finally(() => {
      this.#healing = undefined;
    });
    return this.#healing;
  }

  async #heal(): Promise<void> {
    const errors: unknown[] = [];
    const undone: Undo[] = [];
    for (const step of this.#steps.splice(0).reverse()) {
      try {
        await persistently(step);
      } catch (error) {
        errors.push(error);
        undone.unshift(step);
      }
    }
    this.#steps = undone;
    if (errors.length > 0) {
      const words = errors.map(error => (error as Error).message).join('; ');
      throw new AggregateError(errors, `a fault was not healed: ${words}`);
    }
  }
}

async function persistently(step: Undo): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await step();
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
      await sleep(PAUSE_MS);
    }
  }
}
