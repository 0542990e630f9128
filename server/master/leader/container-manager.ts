import { foundMaxOf, removableNodes } from '../../processors/removable-nodes.ts';
import type { ServerParts } from '../../processors/zookeeper-server.ts';
import type { Timer } from '../../runtime/runtime.ts';

/**
 * Looks for containers that have become empty and for TTL nodes whose time is over, every
 * `znode.container.checkIntervalMs`, on the server that proposes writes. @see ContainerManager
 */
export class ContainerManager {
  readonly #parts: ServerParts;
  readonly #deleteContainer: (path: string) => void;
  readonly #timer: Timer;
  /** The search in progress. */
  #found: Generator<string[], string[]> | null = null;
  #stopped = false;

  constructor(parts: ServerParts, deleteContainer: (path: string) => void) {
    this.#parts = parts;
    this.#deleteContainer = deleteContainer;
    this.#timer = parts.clock.every(parts.config.containerCheckIntervalMs, () => this.#check());
  }

  /** Starts a search, unless one is in progress. */
  #check(): void {
    if (this.#found !== null) return;
    const { database, config, clock } = this.#parts;
    this.#found = removableNodes(database.tree, {
      wallMs: clock.wallMs(),
      foundMax: foundMaxOf(config.removalsPerMinuteMax, config.containerCheckIntervalMs),
      neverUsedMaxMs: config.containerNeverUsedMaxMs,
    });
    this.#delete(this.#found);
  }

  #delete(found: Generator<string[], string[]>): void {
    if (this.#stopped) return;
    const { guard, clock } = this.#parts;
    // Only the search is guarded: a step of a write that throws must end the process.
    const { done, value } = guard.run('the search for nodes to remove', () => found.next(), NO_MORE);
    for (const path of value) this.#deleteContainer(path);
    if (done) this.#found = null;
    else clock.after(0, () => this.#delete(found));
  }

  stop(): void {
    this.#stopped = true;
    this.#timer.cancel();
  }
}

const NO_MORE: IteratorReturnResult<string[]> = { done: true, value: [] };
