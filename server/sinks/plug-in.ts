import type { StreamSettings } from '../config/stream-settings.ts';
import type { FromPlugIn, ToPlugIn } from '../stream/plug-in-messages.ts';
import { gapMessage, type StreamMessage, txnMessage } from '../stream/stream-message.ts';
import { type CreateSink, reasonOf, type Sink, type SinkOptions } from './sink.ts';

export interface PlugInParts {
  readonly sinkNamed: (sink: StreamSettings['sink']) => Promise<CreateSink>;
  readonly readPassword: (path: string) => string;
  /** Answers the observer. After `failed`, the process ends. */
  readonly answer: (message: FromPlugIn) => void;
}

/**
 * The plug-in's side of a commit stream: it turns transactions into messages, and has the sink store them.
 */
export class CommitStreamPlugIn {
  readonly #parts: PlugInParts;
  #sink: Sink | null = null;
  #failed = false;

  constructor(parts: PlugInParts) {
    this.#parts = parts;
  }

  async hear(message: ToPlugIn): Promise<void> {
    try {
      switch (message.type) {
        case 'open':
          return await this.#open(message);
        case 'send':
          return await this.#store(message.txns.map(txn => txnMessage(txn)));
        case 'tell':
          return await this.#store([gapMessage(message.gap)]);
      }
    } catch (error) {
      this.#fail(reasonOf(error));
    }
  }

  async #open({ settings }: Extract<ToPlugIn, { type: 'open' }>): Promise<void> {
    const { sink, url, name, passwordPath } = settings;
    const password = passwordPath === undefined ? undefined : this.#parts.readPassword(passwordPath);
    const createSink = await this.#parts.sinkNamed(sink);
    const options: SinkOptions = { url, name, password, onLost: reason => this.#fail(reason) };
    this.#sink = createSink(options);
    await this.#sink.open();
    const zxid = await this.#sink.position();
    // Any other value compares with no zxid, so transactions would be left out.
    if (zxid !== null && !(Number.isSafeInteger(zxid) && zxid >= 0))
      throw new Error(
        `the sink gives ${String(zxid)} as its position; null or a zxid as a number is accepted`,
      );
    this.#parts.answer({ type: 'opened', zxid });
  }

  async #store(messages: readonly StreamMessage[]): Promise<void> {
    const last = messages.at(-1);
    if (last === undefined || this.#sink === null) return;
    await this.#sink.send(messages);
    this.#parts.answer({ type: 'stored', zxid: last.zxid });
  }

  /** Nothing is sent after a failure: the next plug-in finds out what the broker has. */
  #fail(reason: string): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#parts.answer({ type: 'failed', reason });
  }
}
