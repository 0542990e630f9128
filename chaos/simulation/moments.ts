import type { ServerEvent } from '../../server/metrics/server-events.ts';

/**
 * Moments of a run that faults can wait for; a fault at a random time hits them once in a thousand seeds.
 * Members reach them by events and by the files they open, clients by being answered.
 */
const EVENTS = {
  /** A leader is about to synchronise a learner. */
  sync: event => event.kind === 'syncBegun',
  'new epoch': event => event.kind === 'newEpoch',
  leading: event => event.kind === 'leading',
  /** The member was elected to follow; reached again when it is synchronised. */
  following: event =>
    (event.kind === 'elected' && event.state === 'FOLLOWING') ||
    (event.kind === 'synced' && event.role === 'follower'),
  /** A configuration is in force at the member. */
  configured: event => event.kind === 'configured',
} satisfies Partial<Record<string, (event: ServerEvent) => boolean>>;

const FILES = {
  snapshot: '/snapshot.',
  /** The log continues in a new file. */
  roll: '/log.',
  'epoch file': 'Epoch',
} as const;

export const MOMENTS = [
  /** A client was told that its write is committed. */
  'ack',
  'sync',
  'new epoch',
  'leading',
  'following',
  'snapshot',
  'roll',
  'epoch file',
] as const;

/** Moments of reconfigurations, which not every run has. */
export const RECONFIG_MOMENTS = ['reconfig proposed', 'configured'] as const;

export type Moment = (typeof MOMENTS)[number] | (typeof RECONFIG_MOMENTS)[number];

interface Watch {
  readonly moment: Moment;
  readonly run: (sid: number | undefined) => void;
}

export class Moments {
  readonly #watches = new Set<Watch>();

  /** Watches until the returned function is called. `run` gets the sid of the member; an `ack` has none. */
  watch(moment: Moment, run: (sid: number | undefined) => void): () => void {
    const watch = { moment, run };
    this.#watches.add(watch);
    return () => void this.#watches.delete(watch);
  }

  reach(moment: Moment, sid?: number): void {
    for (const watch of [...this.#watches]) if (watch.moment === moment) watch.run(sid);
  }

  onEvent(sid: number, event: ServerEvent): void {
    if (this.#watches.size === 0) return;
    for (const [moment, isReached] of Object.entries(EVENTS))
      if (isReached(event)) this.reach(moment as Moment, sid);
  }

  onOpen(sid: number, path: string): void {
    if (this.#watches.size === 0) return;
    for (const [moment, mark] of Object.entries(FILES))
      if (path.includes(mark)) this.reach(moment as Moment, sid);
  }
}
