import { Fifo } from '../collections/fifo.ts';
import type { ServerStats } from '../metrics/server-stats.ts';
import type { EventLine, EventReceiver } from '../processors/event-line.ts';
import type { ReplyWriter } from '../processors/reply-writer.ts';
import type { Connection } from '../runtime/runtime.ts';
import { type ConnectResponse, writeConnectResponse } from '../wire/connect.ts';
import { JuteWriter } from '../wire/jute.ts';
import { OpCode } from '../wire/opcodes.ts';
import type { ConnectionStats } from './connection-stats.ts';

/** Replies wait for a client that does not read, but events cannot: at this much it is cut off. */
export const EVENT_BYTES_MAX = 64 * 1024 * 1024;

const LENGTH_BYTES = 4;

/** Replies that upstream leaves out of `response_bytes`: they are sent before the last processor. */
function isUncounted(op: number): boolean {
  return op === OpCode.ping || op === OpCode.auth || op === OpCode.sasl;
}

/**
 * What goes to one client, in the order it is written: replies and watch events share one buffer, and events
 * that wait for a turn are written before the next reply, so an event is never overtaken by the reply that
 * shows its change. Each method is false when the client does not keep up.
 */
export class ClientOutput implements EventReceiver {
  readonly #connection: Connection;
  readonly #stats: ConnectionStats;
  #eventBytesWaiting = 0;
  /**
   * Frames of events, oldest first: nothing that follows may be written before them, unless they are held.
   */
  readonly #waiting = new Fifo<Buffer>();
  #waitingBytes = 0;
  #holds = false;
  readonly #onSlow: () => void;

  /** `onSlow`: the client does not keep up with events that waited. */
  constructor(connection: Connection, stats: ConnectionStats, onSlow: () => void) {
    this.#connection = connection;
    this.#stats = stats;
    this.#onSlow = onSlow;
  }

  /** Of events that came since the client last had read everything, as far as they can still be waiting. */
  get eventBytesWaiting(): number {
    return this.#waitingBytes + Math.min(this.#eventBytesWaiting, this.#connection.bytesQueued);
  }

  /** The client has read what waited. */
  drained(): void {
    this.#eventBytesWaiting = 0;
  }

  get bytesQueued(): number {
    return this.#connection.bytesQueued;
  }

  connectResponse(response: ConnectResponse, totals: ServerStats): boolean {
    const writer = new JuteWriter(64);
    writer.reserve(4);
    writeConnectResponse(writer, response);
    return this.#send(writer, totals);
  }

  /** The body is in `replies`. */
  reply(
    replies: ReplyWriter,
    xid: number,
    op: number,
    zxid: number,
    err: number,
    totals: ServerStats,
  ): boolean {
    this.#stats.answered(op, xid, zxid);
    this.#count(totals);
    if (this.hasEventsWaiting) this.deliverEvents(Number.POSITIVE_INFINITY);
    const keepsUp = replies.send(this.#connection, xid, zxid, err);
    totals.responded(replies.replyBytes);
    if (!isUncounted(op)) totals.responseBytes += replies.replyBytes;
    return keepsUp;
  }

  /**
   * False when the client does not keep up. `line` brings the event later when too many are told in this
   * turn.
   */
  event(type: number, path: string, totals: ServerStats, line: EventLine): boolean {
    const frame = line.frameOf(type, path);
    const bytes = frame.length - LENGTH_BYTES;
    totals.responded(bytes);
    totals.watchBytes += bytes;
    this.#count(totals);
    if (this.#waitingBytes > 0 || this.#holds || !line.passes()) {
      if (this.#waitingBytes === 0 && !this.#holds) line.enter(this);
      this.#waiting.push(frame);
      this.#waitingBytes += frame.length;
      return this.#waitingBytes <= EVENT_BYTES_MAX;
    }
    const accepted = this.#connection.write(frame);
    if (!accepted) this.#eventBytesWaiting += frame.length;
    return accepted;
  }

  /** Those that are held do not wait for a turn. */
  get hasEventsWaiting(): boolean {
    return this.#waitingBytes > 0 && !this.#holds;
  }

  deliverEvents(max: number): number {
    let accepted = true;
    let bytes = 0;
    let delivered = 0;
    while (delivered < max && this.hasEventsWaiting) {
      const frame = this.#waiting.shift()!;
      accepted = this.#connection.write(frame);
      this.#waitingBytes -= frame.length;
      bytes += frame.length;
      delivered++;
    }
    if (accepted) return delivered;
    this.#eventBytesWaiting += bytes;
    this.#onSlow();
    return delivered;
  }

  /**
   * What is answered from now on comes before the changes that later events tell of, until `releaseEvents`.
   */
  holdEvents(): void {
    this.deliverEvents(Number.POSITIVE_INFINITY);
    this.#holds = true;
  }

  releaseEvents(): void {
    this.#holds = false;
    this.deliverEvents(Number.POSITIVE_INFINITY);
  }

  /** The connection ends: nothing waits any more. */
  dropEvents(): void {
    this.#waiting.clear();
    this.#waitingBytes = 0;
  }

  #send(frame: JuteWriter, totals: ServerStats): boolean {
    frame.patchInt(0, frame.length - LENGTH_BYTES);
    this.#count(totals);
    return this.#connection.write(frame.buffer, 0, frame.length);
  }

  #count(totals: ServerStats): void {
    this.#stats.packetsSent++;
    totals.packetsSent++;
  }
}
