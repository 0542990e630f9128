import type { Address, Clock, Connection, Network } from '../../server/runtime/runtime.ts';
import { readConnectResponse } from '../../server/wire/connect.ts';
import { FrameReader } from '../../server/wire/frames.ts';
import { JuteReader } from '../../server/wire/jute.ts';
import { hello } from './client-messages.ts';
import { encodeFrame, int, type Message } from './message.ts';

const CONNECT_TIMEOUT_MS = 5_000;
const SESSION_TIMEOUT_MS = 30_000;
const FRAME_BYTES_MAX = 2 ** 20;
const ZXID_BYTES = 8;

/** `body` starts behind the header of the reply. */
export type OnReply = (err: number, body: JuteReader) => void;

/** A session that asks one thing at a time, and records what was wrong with the answers. */
export class PlainSession {
  readonly #clock: Clock;
  readonly #onReady: () => void;
  readonly #frames = new FrameReader(FRAME_BYTES_MAX, (bytes, start, end) =>
    this.#onFrame(new JuteReader(bytes, start, end)),
  );
  #connection: Connection | null = null;
  #established = false;
  #left = false;
  #xid = 0;
  #onReply: OnReply | null = null;
  #askedMs = 0;
  /** Undefined while nothing is wrong. */
  complaint: string | undefined;

  constructor(network: Network, clock: Clock, address: Address, onReady: () => void) {
    this.#clock = clock;
    this.#onReady = onReady;
    network.connect(address, CONNECT_TIMEOUT_MS, {
      onConnected: connection => this.#begin(connection),
      onError: error => this.complain(`cannot connect: ${error.message}`),
    });
  }

  /** Ms since the unanswered question was sent; 0 when there is none. */
  get waitsMs(): number {
    return this.#onReply === null ? 0 : this.#clock.monotonicMs() - this.#askedMs;
  }

  /** @param request operation and body */
  ask(request: Message, onReply: OnReply): void {
    if (this.#connection === null || this.#left) return;
    this.#onReply = onReply;
    this.#askedMs = this.#clock.monotonicMs();
    this.#connection.write(encodeFrame([int(++this.#xid), ...request]));
  }

  complain(what: string): void {
    if (!this.#left) this.complaint ??= what;
  }

  leave(): void {
    this.#left = true;
    this.#connection?.destroy('its work is done');
  }

  #begin(connection: Connection): void {
    this.#connection = connection;
    connection.start({
      onData: chunk => this.#frames.feed(chunk),
      onClose: reason => this.complain(`its connection was closed: ${reason}`),
    });
    connection.write(encodeFrame(hello(SESSION_TIMEOUT_MS)));
  }

  #onFrame(reader: JuteReader): void {
    if (!this.#established) {
      this.#established = true;
      if (readConnectResponse(reader).timeoutMs === 0) this.complain('it got no session');
      else this.#onReady();
      return;
    }
    const xid = reader.readInt();
    if (xid !== this.#xid) this.complain(`it was answered xid ${xid} where ${this.#xid} was due`);
    reader.skip(ZXID_BYTES);
    const onReply = this.#onReply;
    this.#onReply = null;
    onReply?.(reader.readInt(), reader);
  }
}
