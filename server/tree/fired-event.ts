import type { Acl } from '../wire/acl.ts';
import type { EventType } from '../wire/watch-event.ts';
import type { Watcher } from './watcher.ts';

/** The watchers that an event went to. */
export interface Told {
  has(watcher: Watcher): boolean;
}

/** Some of these watchers, all in one table. */
export interface WatcherGroup extends Told {
  readonly size: number;
  keys(): IterableIterator<Watcher>;
}

/** Counts the events that reached somebody. */
export interface FiredCounts {
  add(type: EventType, watchers: number): void;
}

export interface FiredEventParts {
  readonly type: EventType;
  readonly path: string;
  readonly zxid: number;
  readonly acl: readonly Acl[];
  /** The concerned watchers; one may be in several groups. */
  readonly groups: readonly WatcherGroup[];
  /** The watchers among these that know of the event already. */
  readonly suppressed: Told | null;
  readonly counts: FiredCounts | null;
}

/** Memory of an event besides its path and its frame. */
const EVENT_BYTES = 512;
const GROUP_BYTES = 8;
/** Bytes for each character of a path beyond Latin-1, and of its frame. */
const BYTES_PER_CHAR = 4;

/** An event that watchers get later. */
export class FiredEvent implements Told {
  readonly #parts: FiredEventParts;
  /** The frame for all watchers, once it is made. */
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

  /** Upper bound of the memory that it takes until all have been told. */
  get bytes(): number {
    const { path, groups } = this.#parts;
    return EVENT_BYTES + GROUP_BYTES * groups.length + BYTES_PER_CHAR * path.length;
  }

  /** Upper bound on the number of watchers concerned. */
  get watchersMax(): number {
    return this.#parts.groups.reduce((sum, { size }) => sum + size, 0);
  }

  has(watcher: Watcher): boolean {
    for (const group of this.#parts.groups) if (group.has(watcher)) return true;
    return false;
  }

  /** Counts the event once all watchers have been told. */
  count(): void {
    this.#parts.counts?.add(this.#parts.type, this.told);
  }
}

/** Delivers events to many watchers later. */
export interface Crowd {
  /** Whether an event for this many watchers is delivered later. */
  takes(watchers: number): boolean;
  take(event: FiredEvent): void;
}
