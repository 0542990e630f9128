import type { ReplyWriter } from '../processors/reply-writer.ts';
import type { Connection } from '../runtime/runtime.ts';
import { type ConnectResponse, writeConnectResponse } from '../wire/connect.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import { JuteWriter } from '../wire/jute.ts';
import { OpCode, Xid } from '../wire/opcodes.ts';
import { KeeperState, writeWatcherEvent } from '../wire/watch-event.ts';
import type { ConnectionStats } from './connection-stats.ts';
import type { ServerStats } from './server-stats.ts';

/** Replies wait for a client that does not read, but events cannot: at this much it is cut off. */
export const EVENT_BYTES_MAX = 64 * 1024 * 1024;

const LENGTH_BYTES = 4;

/** Replies that upstream leaves out of `response_bytes`: they are sent before the last processor. */
function isUncounted(op: number): boolean {
  return op === OpCode.ping || op === OpCode.auth || op === OpCode.sasl;
}

/**
 * What goes to one client, in the order it is written: replies and watch events share one buffer, so an event is
 * never overtaken by the reply that shows its change. Each method is false when the client does not keep up.
 */
export class ClientOutput {
  readonly #connection: Connection;
  readonly #stats: ConnectionStats;
  #eventBytesWaiting = 0;
  #held: Buffer[] = [];
  #heldBytes = 0;

  constructor(connection: Connection, stats: ConnectionStats) {
    this.#connection = connection;
    this.#stats = stats;
  }

  /** Of events that came since the client last had read everything, as far as they can still be waiting. */
  get eventBytesWaiting(): number {
    return this.#heldBytes + Math.min(this.#eventBytesWaiting, this.#connection.bytesQueued);
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
    const keepsUp = replies.send(this.#connection, xid, zxid, err);
    totals.responded(replies.replyBytes);
    if (!isUncounted(op)) totals.responseBytes += replies.replyBytes;
    return keepsUp;
  }

  /** `holds`: until `releaseEvents`. */
  event(type: number, path: string, totals: ServerStats, holds = false): boolean {
    const writer = new JuteWriter(64 + path.length);
    writer.writeInt(0).writeInt(Xid.notification).writeLong(-1).writeInt(ErrorCode.OK);
    writeWatcherEvent(writer, { type, state: KeeperState.connected, path });
    const bytes = writer.length - LENGTH_BYTES;
    totals.responded(bytes);
    totals.watchBytes += bytes;
    if (holds) {
      writer.patchInt(0, bytes);
      this.#count(totals);
      this.#held.push(writer.toBuffer());
      this.#heldBytes += writer.length;
      return this.#heldBytes <= EVENT_BYTES_MAX;
    }
    const accepted = this.#send(writer, totals);
    if (!accepted) this.#eventBytesWaiting += writer.length;
    return accepted;
  }

  releaseEvents(): boolean {
    let accepted = true;
    for (const event of this.#held) accepted = this.#connection.write(event);
    if (!accepted) this.#eventBytesWaiting += this.#heldBytes;
    this.#held = [];
    this.#heldBytes = 0;
    return accepted;
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
