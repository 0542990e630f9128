/**
 * Opens and closes sessions beside the one of the load, each on a connection of its own. A session is opened
 * by its connect, its handshake and the transaction behind it, and closed likewise.
 */
import { ErrorCode } from '../../../server/wire/error-codes.ts';
import { Session, type SessionOptions } from '../session/session.ts';
import { indexOf } from '../workload/operations.ts';
import type { Compound, Recipe } from './recipe.ts';

/** Sessions that are open beside one of the load. Beyond it, the oldest is closed instead. */
const HELD_MAX = 100;

const OPEN_SESSION = indexOf('openSession');
const CLOSE_SESSION = indexOf('closeSession');

export class SessionChurn implements Recipe {
  readonly #options: SessionOptions;
  /** Open sessions, oldest first. */
  #held: Session[] = [];
  #isClosed = false;

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  start(compound: Compound): void {
    const wantsClose = compound.operation === CLOSE_SESSION;
    const closes = wantsClose ? this.#held.length > 0 : this.#held.length >= HELD_MAX;
    if (closes) void this.#closeOldest(compound);
    else void this.#open(compound);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all(this.#held.splice(0).map(session => session.close()));
  }

  async #open(compound: Compound): Promise<void> {
    compound.operation = OPEN_SESSION;
    const session = new Session({
      ...this.#options,
      onEnd: () => {
        this.#held = this.#held.filter(held => held !== session);
      },
    });
    try {
      await session.open();
    } catch {
      // What a client library reports when no server gives it a session.
      compound.done(ErrorCode.CONNECTIONLOSS, performance.now());
      return;
    }
    if (this.#isClosed) await session.close();
    else this.#held.push(session);
    compound.done(0, performance.now());
  }

  async #closeOldest(compound: Compound): Promise<void> {
    compound.operation = CLOSE_SESSION;
    const wasAnswered = await this.#held.shift()!.close();
    if (wasAnswered) compound.done(0, performance.now());
    else compound.lost();
  }
}
