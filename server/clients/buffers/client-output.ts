import { Fifo } from '../../collections/fifo.ts';
import type { ServerStats } from '../../metrics/server-stats.ts';
import type { EventLine, EventReceiver } from '../../processors/event-line.ts';
import type { ReplyWriter } from '../../processors/reply-writer.ts';
import type { Connection, QueuedBytes } from '../../runtime/runtime.ts';
import { type ConnectResponse, writeConnectResponse } from '../../wire/connect.ts';
import { ErrorCode } from '../../wire/error-codes.ts';
import { JuteWriter } from '../../wire/jute.ts';
import { OpCode, Xid } from '../../wire/opcodes.ts';
import { EventType, writeWatcherEvent } from '../../wire/watch-event.ts';
import type { ConnectionStats } from '../connection-stats.ts';

/**
 * Replies can wait until a slow client reads, but events cannot. A client with this much waiting is cut off.
 */
export const EVENT_BYTES_MAX = 64 * 1024 * 1024;

const LENGTH_BYTES = 4;

/** Memory of a waiting event besides its bytes. */
const WAITING_EVENT_BYTES = 128;
/** A frame from this size on is counted once, however many clients it waits for. */
const COUNTED_ONCE_BYTES_MIN = 4 * 1024;

/**
 * Replies that upstream does not count in `response_bytes`, because it sends them before its last processor.
 */
function isUncounted(op: number): boolean {
  return op === OpCode.ping || op === OpCode.auth || op === OpCode.sasl;
}

/**
 * Output to one client, in the order in which it is written. Replies and watch events share one buffer.
 * Events that wait for a turn are written before the next reply, so the reply that shows a change never
 * overtakes the event of that change. Each method returns false when the client reads too slowly.
 */
export class ClientOutput implements EventReceiver {
  readonly #connection: Connection;
  readonly #stats: ConnectionStats;
  #eventBytesWaiting = 0;
  /**
   * Frames of waiting events, oldest first. Unless events are held, nothing later may be written before them.
   */
  readonly #waiting = new Fifo<Buffer>();
  /** Memory of all of these. */
  #waitingBytes = 0;
  #holds = false;
  #answerBytes = 0;
  readonly #ofAll: QueuedBytes;
  readonly #onSlow: () => void;

  /**
   * `ofAll` counts what waits for all clients. `onSlow` is called when the client does not keep up with
   * waiting events.
   */
  constructor(connection: Connection, stats: ConnectionStats, ofAll: QueuedBytes, onSlow: () => void) {
    this.#connection = connection;
    this.#stats = stats;
    this.#ofAll = ofAll;
    this.#onSlow = onSlow;
  }

  /** Bytes of answers and events that wait for the client, and of an answer in the making. */
  get keptBytes(): number {
    return this.#connection.bytesQueued + this.#waitingBytes + this.#answerBytes;
  }

  /** Bytes made so far of an answer that takes several turns. 0: it was sent, or nobody wants it any more. */
  keepAnswer(bytes: number): void {
    this.#ofAll.add(bytes - this.#answerBytes);
    this.#answerBytes = bytes;
  }

  /**
   * Bytes of the events that came since the client last had read everything, as far as they may still be
   * waiting.
   */
  get eventBytesWaiting(): number {
    return this.#waitingBytes + Math.min(this.#eventBytesWaiting, this.#connection.bytesQueued);
  }

  /** The client has read everything that waited. */
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

  /** Sends the reply whose body is in `replies`. */
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
   * Returns false when the client reads too slowly. `line` delivers the event later when too many events are
   * sent in this turn.
   */
  event(type: number, path: string, totals: ServerStats, line: EventLine): boolean {
    const frame = line.frameOf(type, path);
    const bytes = frame.length - LENGTH_BYTES;
    totals.responded(bytes);
    totals.watchBytes += bytes;
    this.#count(totals);
    if (this.#waitingBytes > 0 || this.#holds || !line.passes()) {
      if (this.#waitingBytes === 0 && !this.#holds) line.enter(this);
      this.#wait(frame);
      return this.#waitingBytes <= EVENT_BYTES_MAX;
    }
    const accepted = this.#connection.writeShared(frame);
    if (!accepted) this.#eventBytesWaiting += frame.length;
    return accepted;
  }

  /**
   * Tells the client of another state of its connection, behind the events that wait. Returns false when it
   * reads too slowly.
   */
  stateEvent(state: number, totals: ServerStats): boolean {
    const frame = stateFrame(state);
    totals.responded(frame.length - LENGTH_BYTES);
    this.#count(totals);
    if (this.#waitingBytes > 0 || this.#holds) {
      this.#wait(frame);
      return true;
    }
    return this.#connection.writeShared(frame);
  }

  #wait(frame: Buffer): void {
    this.#waiting.push(frame);
    this.#waitingBytes += WAITING_EVENT_BYTES + frame.length;
    if (frame.length < COUNTED_ONCE_BYTES_MIN) {
      this.#ofAll.add(WAITING_EVENT_BYTES + frame.length);
    } else {
      this.#ofAll.add(WAITING_EVENT_BYTES);
      this.#ofAll.keep(frame);
    }
  }

  /** The oldest that waits. */
  #next(): Buffer {
    const frame = this.#waiting.shift()!;
    this.#waitingBytes -= WAITING_EVENT_BYTES + frame.length;
    if (frame.length < COUNTED_ONCE_BYTES_MIN) {
      this.#ofAll.add(-WAITING_EVENT_BYTES - frame.length);
    } else {
      this.#ofAll.add(-WAITING_EVENT_BYTES);
      this.#ofAll.letGo(frame);
    }
    return frame;
  }

  /** Held events do not wait for a turn. */
  get hasEventsWaiting(): boolean {
    return this.#waitingBytes > 0 && !this.#holds;
  }

  deliverEvents(max: number): number {
    let accepted = true;
    let bytes = 0;
    let delivered = 0;
    while (delivered < max && this.hasEventsWaiting) {
      const frame = this.#next();
      accepted = this.#connection.writeShared(frame);
      bytes += frame.length;
      delivered++;
    }
    if (accepted) return delivered;
    this.#eventBytesWaiting += bytes;
    this.#onSlow();
    return delivered;
  }

  /** Until `releaseEvents`, answers go out before the events of later changes. */
  holdEvents(): void {
    this.deliverEvents(Number.POSITIVE_INFINITY);
    this.#holds = true;
  }

  releaseEvents(): void {
    this.#holds = false;
    this.deliverEvents(Number.POSITIVE_INFINITY);
  }

  /** The connection ends, and its waiting events are dropped. */
  dropEvents(): void {
    while (this.#waiting.length > 0) this.#next();
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

/**
 * The frame has the form that the clients of Java, C and Python accept (row 003-18): an empty path, never
 * null.
 */
function stateFrame(state: number): Buffer {
  const writer = new JuteWriter(64);
  writer.writeInt(0).writeInt(Xid.notification).writeLong(-1).writeInt(ErrorCode.OK);
  writeWatcherEvent(writer, { type: EventType.none, state, path: '' });
  writer.patchInt(0, writer.length - LENGTH_BYTES);
  return writer.toBuffer();
}
