/** Listens to what one client sends, and tells what it requests. */
import { readConnectRequest } from '../../server/wire/connect.ts';
import { FrameReader } from '../../server/wire/frames.ts';
import { JuteError, JuteReader } from '../../server/wire/jute.ts';
import { OpCode } from '../../server/wire/opcodes.ts';
import { LargeFrames } from './large-frames.ts';
import { REQUEST_BYTES_MAX, type RecordedEvent, type RequestShape } from './recording.ts';
import { type PathText, readRequest } from './request-shape.ts';

export interface TapOptions {
  readonly session: number;
  readonly pathText: PathText;
  /** Since the recording began. */
  readonly nowUs: () => number;
  readonly onEvent: (event: RecordedEvent) => void;
}

export class ClientTap {
  readonly #options: TapOptions;
  readonly #frames = new FrameReader(REQUEST_BYTES_MAX, (bytes, start, end) =>
    this.#onFrame(new JuteReader(bytes, start, end)),
  );
  readonly #large = new LargeFrames(REQUEST_BYTES_MAX, bytes => this.#onLargeFrame(bytes));
  #state: 'new' | 'open' | 'ended' = 'new';
  /** Whether the client has asked for a session. */
  isSession = false;
  /** Requests that are too large to be recorded. */
  tooLarge = 0;

  constructor(options: TapOptions) {
    this.#options = options;
  }

  /** Returns false when these are no requests of a ZooKeeper client; the tap ends then. */
  feed(chunk: Buffer): boolean {
    if (this.#state === 'ended') return true;
    try {
      for (const part of this.#large.without(chunk)) this.#frames.feed(part);
      return true;
    } catch (error) {
      if (!(error instanceof JuteError)) throw error;
      this.end();
      return false;
    }
  }

  /** The connection has ended. */
  end(): void {
    const wasOpen = this.#state === 'open';
    this.#state = 'ended';
    this.#frames.stop();
    const { session, nowUs, onEvent } = this.#options;
    if (wasOpen) onEvent({ kind: 'close', session, atUs: nowUs() });
  }

  /** Servers take larger requests where jute.maxbuffer says so. Nobody opens a session with one. */
  #onLargeFrame(bytes: number): void {
    if (this.#state === 'new') throw new JuteError(`a session begins with a frame of ${bytes} bytes`);
    this.tooLarge++;
  }

  #onFrame(reader: JuteReader): void {
    const { session, nowUs, onEvent, pathText } = this.#options;
    if (this.#state === 'new') {
      const { timeoutMs } = readConnectRequest(reader);
      this.#state = 'open';
      this.isSession = true;
      onEvent({ kind: 'open', session, atUs: nowUs(), timeoutMs });
      return;
    }
    const xid = reader.readInt();
    const op = reader.readInt();
    if (op === OpCode.closeSession) this.end();
    // Pings, credentials and re-armed watches belong to a session, and its replay has its own.
    else if (xid > 0) {
      const request: { shape: RequestShape; parts: readonly RequestShape[] } = readRequest(
        op,
        reader,
        pathText,
      );
      onEvent({ kind: 'request', session, atUs: nowUs(), ...request });
    }
  }
}
