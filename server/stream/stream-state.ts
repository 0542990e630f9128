import type { TxnPacket } from '../wire/txn-packet.ts';
import { zxidToHex } from '../wire/zxid.ts';
import type { Reading } from './committed-reader.ts';
import type { Gap } from './plug-in-messages.ts';

/** The first pause after a failure. Each further failure doubles it, until something is stored. */
const PAUSE_MS_MIN = 100;
/** The pause does not grow beyond this, because somebody may repair the broker at any time. */
const PAUSE_MS_MAX = 30_000;

/** What a stream does: see docs/commit-stream.md "States". */
export type StreamPhase = 'pausing' | 'opening' | 'reading' | 'idle' | 'storing' | 'stopped';

export type StreamEvent =
  /** The pause is over, or the server has started. */
  | { readonly type: 'begin' }
  /** The plug-in says what the broker has: everything up to `zxid`, or nothing. */
  | { readonly type: 'opened'; readonly zxid: number | null }
  /** A transaction was committed. */
  | { readonly type: 'committed' }
  /** The answer to the output `read`. */
  | { readonly type: 'read'; readonly reading: Reading }
  | { readonly type: 'stored'; readonly zxid: number }
  /** The plug-in has failed or ended, or the log could not be read. */
  | { readonly type: 'failed'; readonly reason: string }
  | { readonly type: 'stop' };

export type StreamOutput =
  | { readonly type: 'start' }
  /** Read on behind `after`, in a later turn; null: from the beginning. */
  | { readonly type: 'read'; readonly after: number | null }
  | { readonly type: 'send'; readonly packets: readonly TxnPacket[] }
  | { readonly type: 'tell'; readonly gap: Gap }
  | { readonly type: 'kill' }
  | { readonly type: 'pause'; readonly ms: number }
  // Reported to the log and the metrics.
  | { readonly type: 'isOpen'; readonly zxid: number | null }
  | { readonly type: 'hasStored'; readonly count: number }
  | { readonly type: 'hasTold'; readonly gap: Gap }
  /** `isNews`: the reason differs from that of the last failure. */
  | { readonly type: 'hasFailed'; readonly reason: string; readonly isNews: boolean };

/**
 * Decides what a commit stream does next, without I/O. The broker alone knows the position: after every
 * failure a new plug-in is started and asked for it. So no order of crashes can lose a transaction or store
 * one twice. One batch is under way at a time.
 */
export class StreamState {
  #phase: StreamPhase = 'pausing';
  #position: number | null = null;
  /** The last zxid of the batch under way. */
  #sent = -1;
  #sentCount = 0;
  #gap: Gap | null = null;
  #pauseMs = PAUSE_MS_MIN;
  /** The last failure that was reported, until the broker has stored something. */
  #toldFailure: string | null = null;
  /** The last plug-in failed before it had got the position. */
  #wasUnopened = true;

  get phase(): StreamPhase {
    return this.#phase;
  }

  /** Everything up to this zxid is stored; null when nothing is, or when it is not known. */
  get position(): number | null {
    return this.#position;
  }

  step(event: StreamEvent): StreamOutput[] {
    if (this.#phase === 'stopped') return [];
    switch (event.type) {
      case 'begin':
        this.#phase = 'opening';
        return [{ type: 'start' }];
      case 'opened':
        return this.#opened(event.zxid);
      case 'committed':
        return this.#phase === 'idle' ? this.#readOn() : [];
      case 'read':
        return this.#phase === 'reading' ? this.#onReading(event.reading) : [];
      case 'stored':
        return this.#stored(event.zxid);
      case 'failed':
        return this.#failed(event.reason);
      case 'stop':
        this.#phase = 'stopped';
        return [{ type: 'kill' }];
    }
  }

  #opened(zxid: number | null): StreamOutput[] {
    if (this.#phase !== 'opening') return [];
    this.#position = zxid;
    const outputs = this.#readOn();
    if (!this.#wasUnopened) return outputs;
    this.#wasUnopened = false;
    this.#toldFailure = null;
    return [{ type: 'isOpen', zxid }, ...outputs];
  }

  #readOn(): StreamOutput[] {
    this.#phase = 'reading';
    return [{ type: 'read', after: this.#position }];
  }

  #onReading(reading: Reading): StreamOutput[] {
    if (reading.type === 'gap') {
      this.#phase = 'storing';
      this.#gap = reading.gap;
      this.#sent = reading.gap.through;
      this.#sentCount = 0;
      return [{ type: 'tell', gap: reading.gap }];
    }
    const { packets, isEnd } = reading;
    const last = packets.at(-1);
    if (last === undefined && !isEnd) return this.#readOn();
    if (last === undefined) {
      this.#phase = 'idle';
      return [];
    }
    this.#phase = 'storing';
    this.#gap = null;
    this.#sent = last.zxid;
    this.#sentCount = packets.length;
    return [{ type: 'send', packets }];
  }

  #stored(zxid: number): StreamOutput[] {
    if (this.#phase !== 'storing') return [];
    if (zxid !== this.#sent)
      return this.#failed(`it says that ${zxidToHex(zxid)} is stored, and ${zxidToHex(this.#sent)} was sent`);
    this.#position = zxid;
    this.#pauseMs = PAUSE_MS_MIN;
    const outputs: StreamOutput[] = this.#toldFailure === null ? [] : [{ type: 'isOpen', zxid }];
    this.#toldFailure = null;
    if (this.#gap === null) outputs.push({ type: 'hasStored', count: this.#sentCount });
    else outputs.push({ type: 'hasTold', gap: this.#gap });
    return [...outputs, ...this.#readOn()];
  }

  #failed(reason: string): StreamOutput[] {
    if (this.#phase === 'pausing') return [];
    this.#wasUnopened = this.#phase === 'opening';
    this.#phase = 'pausing';
    const isNews = reason !== this.#toldFailure;
    this.#toldFailure = reason;
    const ms = this.#pauseMs;
    this.#pauseMs = Math.min(ms * 2, PAUSE_MS_MAX);
    return [{ type: 'kill' }, { type: 'hasFailed', reason, isNews }, { type: 'pause', ms }];
  }
}
