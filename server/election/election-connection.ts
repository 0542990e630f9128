import { formatAddress } from '../runtime/addresses/host-address.ts';
import type { Connection } from '../runtime/runtime.ts';
import {
  decodeNotification,
  type InitialMessage,
  NOTIFICATION_BYTES_MAX,
  type Notification,
  readEpochQuestion,
  readInitialMessage,
} from '../wire/election-message.ts';
import { JuteError, JuteReader } from '../wire/jute.ts';

export interface ElectionConnectionEvents {
  /** Called first, and only on an accepted connection. */
  onInitialMessage(message: InitialMessage): void;
  /** Called instead of `onInitialMessage`. The returned answer is sent, and the connection ends. */
  onEpochQuestion(): Buffer;
  onNotification(notification: Notification, frameBytes: number): void;
  /** Called when a part of a message has arrived. */
  onPart(): void;
  onDrain(): void;
  /**
   * Called once, as the last call, unless this side has called `close`. `malformed`: the peer broke the
   * protocol.
   */
  onClosed(reason: string, malformed: boolean): void;
}

/** Chunks are kept unjoined while there are few, or while they are this large on average. */
const CHUNKS_MIN = 64;
const CHUNK_BYTES_MIN = 512;

/**
 * One connection of the election port: bytes in, messages out. Malformed input ends this connection and
 * nothing else; nothing of a broken frame is used. @see docs/election.md "Connections"
 */
export class ElectionConnection {
  readonly #connection: Connection;
  readonly #events: ElectionConnectionEvents;
  readonly remote: string;
  /** Chunks received and not yet consumed. They are joined only when there is enough for a message. */
  #chunks: Buffer[] = [];
  #bytes = 0;
  #bytesWanted = 1;
  #initialExpected: boolean;
  #answered = false;
  #closed = false;

  constructor(connection: Connection, accepted: boolean, events: ElectionConnectionEvents) {
    this.#connection = connection;
    this.#initialExpected = accepted;
    this.#events = events;
    this.remote = formatAddress(connection.remote);
  }

  start(): void {
    this.#connection.start({
      onData: chunk => this.#onData(chunk),
      onDrain: () => this.#events.onDrain(),
      onClose: reason => this.#onClosed(reason, false),
    });
  }

  /** Bytes kept for the connection: an incomplete message, and output that the peer has not read. */
  get bytesKept(): number {
    return this.#bytes + this.#connection.bytesQueued;
  }

  get host(): string {
    return this.#connection.remote.host;
  }

  /** False when the peer does not keep up: nothing more should be written until `onDrain`. */
  write(frame: Buffer): boolean {
    return this.#connection.write(frame);
  }

  /** Closes the connection because the peer broke the protocol. */
  giveUp(reason: string): void {
    this.#onClosed(reason, true);
    this.#connection.destroy(reason);
  }

  close(reason: string): void {
    this.#closed = true;
    this.#chunks = [];
    this.#connection.destroy(reason);
  }

  /**
   * Closes the connection after its output has been sent, such as the end of a handshake for which the peer
   * waits.
   */
  finish(): void {
    this.#closed = true;
    this.#chunks = [];
    this.#connection.end();
  }

  #onClosed(reason: string, malformed: boolean): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#chunks = [];
    this.#events.onClosed(reason, malformed);
  }

  #onData(chunk: Buffer): void {
    if (this.#closed || this.#answered) return;
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes < this.#bytesWanted) {
      // A chunk of one byte takes a hundred bytes of memory, so the chunks of a peer that sends single bytes
      // are joined.
      if (this.#chunks.length > CHUNKS_MIN + this.#bytes / CHUNK_BYTES_MIN)
        this.#chunks = [Buffer.concat(this.#chunks)];
      this.#events.onPart();
      return;
    }
    const reader = new JuteReader(this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks));
    try {
      this.#readMessages(reader);
    } catch (error) {
      if (!(error instanceof JuteError)) throw error;
      this.giveUp(error.message);
      return;
    }
    const rest = reader.bytes.subarray(reader.offset);
    this.#chunks = this.#closed || rest.length === 0 ? [] : [rest];
    this.#bytes = rest.length;
  }

  /** Leaves the reader behind the last whole message, and says how many bytes the next one needs. */
  #readMessages(reader: JuteReader): void {
    if (this.#initialExpected && !this.#readInitial(reader)) return;
    while (!this.#closed) {
      this.#bytesWanted = 4;
      if (reader.remaining < 4) return;
      const length = reader.bytes.readInt32BE(reader.offset);
      if (length < 1 || length > NOTIFICATION_BYTES_MAX) {
        throw new JuteError(
          `a notification has ${length} bytes; 1 to ${NOTIFICATION_BYTES_MAX} are accepted`,
        );
      }
      this.#bytesWanted = 4 + length;
      if (reader.remaining < this.#bytesWanted) return;
      const bodyAt = reader.offset + 4;
      reader.skip(4 + length);
      this.#events.onNotification(
        decodeNotification(reader.bytes.subarray(bodyAt, bodyAt + length)),
        4 + length,
      );
    }
  }

  #readInitial(reader: JuteReader): boolean {
    try {
      if (readEpochQuestion(reader)) {
        this.#answered = true;
        this.#connection.write(this.#events.onEpochQuestion());
        this.#connection.end();
        return false;
      }
      const message = readInitialMessage(reader);
      this.#initialExpected = false;
      this.#events.onInitialMessage(message);
      return true;
    } catch (error) {
      if (!(error instanceof JuteError && error.short)) throw error;
      reader.offset = 0;
      this.#bytesWanted = reader.end + 1;
      return false;
    }
  }
}
