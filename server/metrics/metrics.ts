import type { Double } from './double.ts';

/** What a gauge can show. */
export type MetricValue = number | string | Double;

/**
 * Counters and summaries under ZooKeeper's own names (docs/operations.md "Metrics"), and the exact counts of
 * messages, bytes and fsyncs that the lab divides by committed writes. `mntr`, AdminServer and Prometheus
 * read them.
 */
export class Counter {
  value = 0;

  add(amount = 1): void {
    this.value += amount;
  }
}

export class Summary {
  count = 0;
  sum = 0;
  min = Number.POSITIVE_INFINITY;
  max = 0;

  /** Adds `value` as many as `times` times, for values that were measured together. */
  add(value: number, times = 1): void {
    this.count += times;
    this.sum += value * times;
    if (value < this.min) this.min = value;
    if (value > this.max) this.max = value;
  }

  reset(): void {
    this.count = 0;
    this.sum = 0;
    this.min = Number.POSITIVE_INFINITY;
    this.max = 0;
  }
}

/** Messages and bytes by kind, link and direction, such as "sent_quorum_proposal". */
export class Traffic {
  messages = 0;
  bytes = 0;

  add(bytes: number, messages = 1): void {
    this.messages += messages;
    this.bytes += bytes;
  }
}

export class Metrics {
  readonly counters = new Map<string, Counter>();
  readonly summaries = new Map<string, Summary>();
  readonly traffic = new Map<string, Traffic>();
  /** Each gauge is read when somebody asks, and may fail. */
  readonly gauges = new Map<string, () => MetricValue>();

  counter(name: string): Counter {
    return getOrMake(this.counters, name, () => new Counter());
  }

  summary(name: string): Summary {
    return getOrMake(this.summaries, name, () => new Summary());
  }

  /** `kind` such as "proposal", `peer` such as "sid 3"; keep the result: it is looked up by text. */
  trafficOf(direction: 'sent' | 'received', kind: string, peer: string): Traffic {
    return getOrMake(this.traffic, `${direction} ${kind} ${peer}`, () => new Traffic());
  }

  /** Does not reset traffic, because the lab counts differences of it. */
  reset(): void {
    for (const counter of this.counters.values()) counter.value = 0;
    for (const summary of this.summaries.values()) summary.reset();
  }

  /** A later registration of the same name replaces the earlier. */
  gauge(name: string, read: () => MetricValue): void {
    this.gauges.set(name, read);
  }
}

function getOrMake<V>(map: Map<string, V>, name: string, make: () => V): V {
  let value = map.get(name);
  if (value === undefined) {
    value = make();
    map.set(name, value);
  }
  return value;
}
