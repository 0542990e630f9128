import type { JuteReader } from '../../../server/wire/jute.ts';

/** Answer to one request. The object and its reader are reused for the next. */
export interface Reply {
  err: number;
  /** The last zxid that the server had processed. */
  zxid: number;
  /** Positioned at the body. The next chunk overwrites the bytes. */
  reader: JuteReader;
  tag: number;
  sentAtMs: number;
  /** When the chunk with the reply arrived, on the clock of `performance.now()`. */
  receivedAtMs: number;
}

/** Receives replies. One object serves any number of requests; `tag` and `sentAtMs` tell them apart. */
export interface ReplyHandler {
  /** `reply` and its reader are reused, so read what is needed before returning. */
  onReply(reply: Reply): void;
  /** The connection ended first. Whether the operation happened is unknown. */
  onLost(tag: number, sentAtMs: number): void;
}

/**
 * Requests sent and not yet answered, oldest first. A ring of three parallel arrays, so that a request costs
 * no allocation. The server answers a connection in order, so the next reply belongs to the oldest request.
 */
export class InFlight {
  readonly max: number;
  #handlers: (ReplyHandler | undefined)[];
  #tags: Float64Array;
  #sentAtMs: Float64Array;
  #mask: number;
  #head = 0;
  size = 0;

  constructor(max: number) {
    this.max = max;
    const capacity = 16;
    this.#handlers = new Array(capacity).fill(undefined);
    this.#tags = new Float64Array(capacity);
    this.#sentAtMs = new Float64Array(capacity);
    this.#mask = capacity - 1;
  }

  get full(): boolean {
    return this.size >= this.max;
  }

  push(handler: ReplyHandler, tag: number, sentAtMs: number): void {
    if (this.full)
      throw new RangeError(`${this.max} requests are in flight already, the most this session accepts`);
    if (this.size > this.#mask) this.#grow();
    const at = (this.#head + this.size) & this.#mask;
    this.#handlers[at] = handler;
    this.#tags[at] = tag;
    this.#sentAtMs[at] = sentAtMs;
    this.size++;
  }

  /** Removes the oldest and writes its tag and time into `into`. Undefined when nothing is in flight. */
  shift(into: { tag: number; sentAtMs: number }): ReplyHandler | undefined {
    if (this.size === 0) return undefined;
    const at = this.#head;
    const handler = this.#handlers[at];
    this.#handlers[at] = undefined;
    into.tag = this.#tags[at]!;
    into.sentAtMs = this.#sentAtMs[at]!;
    this.#head = (at + 1) & this.#mask;
    this.size--;
    return handler;
  }

  #grow(): void {
    const old = this.#mask + 1;
    const handlers = new Array<ReplyHandler | undefined>(old * 2).fill(undefined);
    const tags = new Float64Array(old * 2);
    const sentAtMs = new Float64Array(old * 2);
    for (let i = 0; i < this.size; i++) {
      const from = (this.#head + i) & this.#mask;
      handlers[i] = this.#handlers[from];
      tags[i] = this.#tags[from]!;
      sentAtMs[i] = this.#sentAtMs[from]!;
    }
    this.#handlers = handlers;
    this.#tags = tags;
    this.#sentAtMs = sentAtMs;
    this.#mask = old * 2 - 1;
    this.#head = 0;
  }
}
