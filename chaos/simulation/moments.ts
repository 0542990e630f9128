/**
 * Points of a run that faults can wait for: what a fault at a random time hits once in a thousand seeds. Members reach
 * them by what they log and by the files they open, clients by being answered.
 */
const LINES = {
  /** A learner is about to be brought up to date. */
  sync: ' from the master',
  'new epoch': 'info new epoch',
  leading: 'info leading epoch=',
  following: 'info following',
} as const;

const FILES = {
  snapshot: '/snapshot.',
  /** The log goes on in a new file. */
  roll: '/log.',
  'epoch file': 'Epoch',
} as const;

export const MOMENTS = [
  /** A client was told that its write is done. */
  'ack',
  'sync',
  'new epoch',
  'leading',
  'following',
  'snapshot',
  'roll',
  'epoch file',
] as const;

export type Moment = (typeof MOMENTS)[number];

interface Watch {
  readonly moment: Moment;
  readonly run: (sid: number | undefined) => void;
}

export class Moments {
  readonly #watches = new Set<Watch>();

  /** Until the returned function is called. `run` gets the sid of the member; an `ack` has none. */
  watch(moment: Moment, run: (sid: number | undefined) => void): () => void {
    const watch = { moment, run };
    this.#watches.add(watch);
    return () => void this.#watches.delete(watch);
  }

  reach(moment: Moment, sid?: number): void {
    for (const watch of [...this.#watches]) if (watch.moment === moment) watch.run(sid);
  }

  onLine(sid: number, line: string): void {
    if (this.#watches.size > 0) this.#reachBy(LINES, line, sid);
  }

  onOpen(sid: number, path: string): void {
    if (this.#watches.size > 0) this.#reachBy(FILES, path, sid);
  }

  #reachBy(marks: Readonly<Partial<Record<Moment, string>>>, text: string, sid: number): void {
    for (const [moment, mark] of Object.entries(marks)) {
      if (text.includes(mark)) this.reach(moment as Moment, sid);
    }
  }
}
