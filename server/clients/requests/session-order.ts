import { Fifo } from '../../collections/fifo.ts';
import type { Request } from '../../processors/request.ts';
import { ErrorCode } from '../../wire/error-codes.ts';
import { OpCode } from '../../wire/opcodes.ts';

/**
 * A request that waits for its place in the session's order: a write or sync under way, or a read behind one.
 */
export interface Pending {
  readonly xid: number;
  readonly op: number;
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
  /** The write or sync under way; null for a request that is answered as soon as it is at the head. */
  readonly request: Request | null;
  /** The refusal of a write that was never submitted; OK for reads. */
  readonly refusal: number;
  /**
   * Cost of its answer at most, in reads of one node; 0 for a request under way, `WIDE` for an answer that
   * may take a turn or more.
   */
  readonly weight: number;
}

/** While a read of this weight waits, nothing is submitted behind it. */
export const WIDE = Number.POSITIVE_INFINITY;

/** Requests of one client that may wait for their turn. */
export const PENDING_MAX = 4096;

/**
 * Number of reads behind which a write may still be submitted. They are answered just before that write is
 * applied, whatever else is due in that turn; otherwise they would show the write.
 */
export const OWED_READS_MAX = 64;

/**
 * Limit on the bytes of one client's requests under way. Below it one more request may start, which may be as
 * large as a frame.
 */
export const SUBMITTED_BYTES_MAX = 4 * 1024 * 1024;

/** Bytes of one client's waiting reads. */
export const WAITING_READS_BYTES_MAX = 64 * 1024;

/** The unanswered requests of one session, oldest first, and how many more may join them. */
export class SessionOrder {
  readonly #pending = new Fifo<Pending>();
  #submitted = 0;
  #reads = 0;
  #wide = 0;
  /** Ends of a local session, which are never submitted. */
  #localEnds = 0;
  /** Bytes of the chunks that hold the requests. Each chunk read from the socket counts whole, and once. */
  #bytes = 0;
  #readBytes = 0;

  get length(): number {
    return this.#pending.length;
  }

  peek(): Pending | undefined {
    return this.#pending.peek();
  }

  /** The head can be answered now. */
  get isAnswerable(): boolean {
    return this.#pending.peek()?.request === null;
  }

  /** Number of requests in the order that the server works on. */
  get submitted(): number {
    return this.#submitted;
  }

  get bytes(): number {
    return this.#bytes;
  }

  push(pending: Pending): void {
    if (this.#pending.last()?.bytes !== pending.bytes) this.#bytes += pending.bytes.length;
    this.#pending.push(pending);
    this.#count(pending, 1);
  }

  shift(): void {
    const head = this.#pending.shift();
    if (head === undefined) return;
    if (this.#pending.peek()?.bytes !== head.bytes) this.#bytes -= head.bytes.length;
    this.#count(head, -1);
  }

  #count({ op, request, refusal, weight, start, end }: Pending, by: 1 | -1): void {
    if (request !== null) {
      this.#submitted += by;
      return;
    }
    if (op === OpCode.closeSession && refusal === ErrorCode.OK) this.#localEnds += by;
    this.#readBytes += by * (end - start);
    if (weight === WIDE) this.#wide += by;
    else this.#reads += by * weight;
  }

  /** Whether one more request may wait here; with `submits`, whether the server may also start on it. */
  hasRoom(submits: boolean): boolean {
    if (this.#pending.length >= PENDING_MAX || this.#bytes >= SUBMITTED_BYTES_MAX) return false;
    return submits
      ? this.#wide === 0 && this.#reads <= OWED_READS_MAX
      : this.#readBytes < WAITING_READS_BYTES_MAX;
  }

  /** Half of the limit is free again, so reading may resume. */
  get isRelaxed(): boolean {
    return (
      this.#pending.length <= PENDING_MAX / 2 &&
      this.#bytes <= SUBMITTED_BYTES_MAX / 2 &&
      this.#readBytes <= WAITING_READS_BYTES_MAX / 2 &&
      this.#wide === 0 &&
      this.#reads <= OWED_READS_MAX / 2
    );
  }

  /** The requests that will come back as transactions; syncs do not. */
  writesUnderWay(): { readonly count: number; readonly bytes: number } {
    let count = 0;
    let bytes = 0;
    for (const { request, op, start, end } of this.#pending) {
      if (request === null || op === OpCode.sync) continue;
      count++;
      bytes += end - start;
    }
    return { count, bytes };
  }

  /** Nobody waits for the requests under way any more. */
  orphan(): void {
    for (const { request } of this.#pending) if (request !== null) request.origin = null;
  }

  /** Requests under way are answered in their place, with `code`. */
  abandon(code: number): void {
    const pending = [...this.#pending];
    this.clear();
    for (const each of pending)
      this.push(each.request === null ? each : { ...each, request: null, refusal: code, weight: 1 });
  }

  /** The client has asked for the end of its session. */
  get ends(): boolean {
    return this.#pending.last()?.op === OpCode.closeSession;
  }

  /** A local session ends here: nothing may be submitted behind that. */
  get endsLocally(): boolean {
    return this.#localEnds > 0;
  }

  clear(): void {
    this.#pending.clear();
    this.#localEnds = 0;
    this.#submitted = 0;
    this.#reads = 0;
    this.#wide = 0;
    this.#bytes = 0;
    this.#readBytes = 0;
  }
}
