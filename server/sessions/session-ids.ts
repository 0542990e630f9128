import type { Clock } from '../runtime/runtime.ts';
import { CONTAINER_OWNER } from '../tree/owner.ts';
import { firstSessionId } from './session-id.ts';

/**
 * Hands out session ids for the life of a process, over all its roles. It starts from the wall clock: the
 * monotonic clock starts anew with each process, and an id must not come twice.
 */
export class SessionIds {
  #next: bigint;

  constructor(serverId: number, clock: Clock) {
    this.#next = firstSessionId(serverId, clock.wallMs());
  }

  next(): bigint {
    // A container has no session: SessionTrackerImpl skips its owner too.
    if (this.#next === CONTAINER_OWNER) this.#next++;
    return this.#next++;
  }
}
