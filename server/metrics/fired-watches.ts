import { EventType } from '../wire/watch-event.ts';
import type { Metrics, Summary } from './metrics.ts';

/** Counts how many watchers each event went to, under the names of ZooKeeper's metrics. */
export class FiredWatches {
  readonly #created: Summary;
  readonly #deleted: Summary;
  readonly #changed: Summary;
  readonly #children: Summary;

  constructor(metrics: Metrics) {
    this.#created = metrics.summary('node_created_watch_count');
    this.#deleted = metrics.summary('node_deleted_watch_count');
    this.#changed = metrics.summary('node_changed_watch_count');
    this.#children = metrics.summary('node_children_watch_count');
  }

  add(type: EventType, watchers: number): void {
    switch (type) {
      case EventType.created:
        this.#created.add(watchers);
        return;
      case EventType.deleted:
        this.#deleted.add(watchers);
        return;
      case EventType.dataChanged:
        this.#changed.add(watchers);
        return;
      case EventType.childrenChanged:
        this.#children.add(watchers);
        return;
      default:
    }
  }
}
