import type { Acl } from '../wire/acl.ts';
import type { EventType } from '../wire/watch-event.ts';
import type { Watcher } from './watcher.ts';

/** Those that an event went to. */
export interface Told {
  has(watcher: Watcher): boolean;
}

/** Some of them, all in one table. */
export interface WatcherGroup extends Told {
  readonly size: number;
  keys(): IterableIterator<Watcher>;
}

/** Counts the events that somebody was told of. */
export interface FiredCounts {
  add(type: EventType, watchers: number): void;
}

export interface FiredEventParts {
  readonly type: EventType;
  readonly path: string;
  readonly zxid: number;
  readonly acl: readonly Acl[];
  /** One watcher may be in several. */
  readonly groups: readonly WatcherGroup[];
  /** Of these, those who know already. */
  readonly suppressed: Told | null;
  readonly counts: FiredCounts | null;
}

/** An event that is told later. */
export class FiredEvent implements Told {
  readonly #parts: FiredEventParts;
  /** As it goes to all of them, once it is made. */
  frame: Buffer | null = null;
  told = 0;

  constructor(parts: FiredEventParts) {
    this.#parts = parts;
  }

  get type(): EventType {
    return this.#parts.type;
  }

  get path(): string {
    return this.#parts.path;
  }

  get zxid(): number {
    return this.#parts.zxid;
  }

  get acl(): readonly Acl[] {
    return this.#parts.acl;
  }

  get groups(): readonly WatcherGroup[] {
    return this.#parts.groups;
  }

  get suppressed(): Told | null {
    return this.#parts.suppressed;
  }

  /** No more are concerned. */
  get watchersMax(): number {
    return this.#parts.groups.reduce((sum, { size }) => sum + size, 0);
  }

  has(watcher: Watcher): boolean {
    for (const group of this.#parts.groups) if (group.has(watcher)) return true;
    return false;
  }

  /** All have been told. */
  count(): void {
    this.#parts.counts?.add(this.#parts.type, this.told);
  }
}

/** Whoever tells many watchers later. */
export interface Crowd {
  /** An event of so many watchers is told later. */
  takes(watchers: number): boolean;
  take(event: FiredEvent): void;
}
