/**
 * Several faults may keep one member down. It comes back when the last of them is healed: a heal that
 * restarted it before would start it on a disk that is still broken, or take the bite from another fault.
 */

export interface Restartable {
  /** Of its present process. */
  pid(): number;
  /** Settles when it serves. */
  restart(): Promise<void>;
}

/** How often another fault may take the member down again while it comes back. */
const TAKEN_MAX = 8;

export class Holds {
  #count = 0;

  /** Returns what lets go again, once. */
  hold(): () => void {
    this.#count += 1;
    let isHeld = true;
    return () => {
      if (isHeld) this.#count -= 1;
      isHeld = false;
    };
  }

  /** Restarts the member, unless a fault holds it, also one that takes it meanwhile. */
  async restart(member: Restartable): Promise<void> {
    for (let taken = 0; this.#count === 0; taken++) {
      const restarting = member.restart();
      const pid = member.pid();
      try {
        await restarting;
        return;
      } catch (error) {
        const isTaken = this.#count > 0 || member.pid() !== pid;
        if (!isTaken || taken === TAKEN_MAX) throw error;
      }
    }
  }
}
