import type { StreamSettings } from '../config/stream-settings.ts';
import { ServerError } from '../errors.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { ServerEvents } from '../metrics/server-events.ts';
import { printable } from '../printable.ts';
import type { Clock, PlugIn, PlugInHost, Random, Timer } from '../runtime/runtime.ts';
import { type TxnPacket, txnOf } from '../wire/txn-packet.ts';
import { zxidToHex } from '../wire/zxid.ts';
import { CommitBuffer } from './commit-buffer.ts';
import { CommittedReader, type CommittedSource } from './committed-reader.ts';
import type { FromPlugIn, ToPlugIn } from './plug-in-messages.ts';
import { type StreamEvent, type StreamOutput, StreamState } from './stream-state.ts';

export const STREAM_LIMITS = {
  /** The newest transactions in memory, for a stream that keeps up. */
  bufferBytesMax: 16 * 1024 * 1024,
  /** Bytes of one batch, and of what is read from the log in one turn. */
  batchBytes: 256 * 1024,
};
/** Limit on the time that a broker may take for a batch. */
const SILENT_MS_MAX = 30_000;
const REASON_CHARS_MAX = 500;

/** Is told what an observer knows to be committed. */
export interface CommitListener {
  /** The observer serves: everything up to `zxid` is committed and applied. */
  established(zxid: number): void;
  /** The next transaction is committed and applied. */
  committed(packet: TxnPacket): void;
}

export interface CommitStreamParts {
  readonly settings: StreamSettings;
  readonly source: CommittedSource;
  readonly plugIns: PlugInHost;
  readonly clock: Clock;
  readonly random: Random;
  readonly events: ServerEvents;
  readonly metrics: Metrics;
  readonly limits?: typeof STREAM_LIMITS;
}

/**
 * Feeds a broker with every committed transaction, once and in order. It carries out the outputs of
 * `StreamState`. The server never waits for the broker: whatever the plug-in does, at most a buffer and one
 * batch are in memory.
 */
export class CommitStream implements CommitListener {
  readonly #parts: CommitStreamParts;
  readonly #state = new StreamState();
  readonly #limits: typeof STREAM_LIMITS;
  readonly #buffer: CommitBuffer;
  readonly #reader: CommittedReader;
  #plugIn: PlugIn | null = null;
  /** Runs while the plug-in owes an answer. */
  #watchdog: Timer | null = null;
  #pause: Timer | null = null;
  #isReadDue = false;

  constructor(parts: CommitStreamParts) {
    this.#parts = parts;
    this.#limits = parts.limits ?? STREAM_LIMITS;
    this.#buffer = new CommitBuffer(this.#limits.bufferBytesMax);
    this.#reader = new CommittedReader(parts.source, this.#buffer);
    const { metrics } = parts;
    metrics.gauge('commit_stream_phase', () => this.#state.phase);
    metrics.gauge('commit_stream_stored_zxid', () => shown(this.#state.position));
    metrics.gauge('commit_stream_buffer_bytes', () => this.#buffer.bytes);
    for (const name of Object.values(COUNTERS)) metrics.counter(name);
  }

  start(): void {
    this.#step({ type: 'begin' });
  }

  stop(): void {
    this.#step({ type: 'stop' });
    this.#pause?.cancel();
    this.#reader.close();
  }

  established(zxid: number): void {
    this.#buffer.restart(zxid);
    this.#tellIfAhead();
    this.#step({ type: 'committed' });
  }

  committed(packet: TxnPacket): void {
    this.#buffer.add(packet);
    if (this.#state.phase === 'idle') this.#step({ type: 'committed' });
  }

  #step(event: StreamEvent): void {
    for (const output of this.#state.step(event)) this.#perform(output);
  }

  #perform(output: StreamOutput): void {
    const { clock, events, metrics, settings, random } = this.#parts;
    switch (output.type) {
      case 'start':
        this.#startPlugIn();
        return;
      case 'read':
        this.#readLater();
        return;
      case 'send':
        this.#send({ type: 'send', txns: output.packets.map(p => ({ zxid: p.zxid, txn: txnOf(p) })) });
        return;
      case 'tell':
        this.#send({ type: 'tell', gap: output.gap });
        return;
      case 'kill':
        this.#dropPlugIn();
        return;
      case 'pause':
        // The pause is random, so that two observers that feed one stream do not collide again and again.
        this.#pause = clock.after(output.ms * (0.5 + random.float() / 2), () =>
          this.#step({ type: 'begin' }),
        );
        return;
      case 'isOpen':
        events.emit({ kind: 'streamOpened', stream: settings.name, zxid: output.zxid });
        return;
      case 'hasStored':
        metrics.counter(COUNTERS.txns).add(output.count);
        return;
      case 'hasTold':
        metrics.counter(COUNTERS.gaps).add();
        events.emit({ kind: 'streamGap', stream: settings.name, ...output.gap });
        return;
      case 'hasFailed':
        metrics.counter(COUNTERS.failures).add();
        if (output.isNews)
          events.emit({ kind: 'streamFailed', stream: settings.name, reason: output.reason });
        return;
    }
  }

  #startPlugIn(): void {
    const plugIn = this.#parts.plugIns.start({
      onMessage: message => {
        if (this.#plugIn === plugIn) this.#onMessage(message as FromPlugIn);
      },
      onEnd: reason => {
        if (this.#plugIn !== plugIn) return;
        this.#plugIn = null;
        this.#fail(`the plug-in has ended: ${reason}`);
      },
    });
    this.#plugIn = plugIn;
    this.#send({ type: 'open', settings: this.#parts.settings });
  }

  #send(message: ToPlugIn): void {
    this.#plugIn?.send(message);
    this.#watch();
  }

  #watch(): void {
    this.#watchdog?.cancel();
    this.#watchdog = this.#parts.clock.after(SILENT_MS_MAX, () =>
      this.#fail(`no answer from the plug-in or its broker for ${SILENT_MS_MAX / 1000} s`),
    );
  }

  #onMessage(message: FromPlugIn): void {
    this.#watchdog?.cancel();
    switch (message.type) {
      case 'opened':
        this.#step(message);
        this.#tellIfAhead();
        return;
      case 'stored':
        this.#step(message);
        return;
      case 'failed':
        this.#fail(message.reason);
        return;
    }
  }

  /** The reason may contain text from a broker. */
  #fail(reason: string): void {
    this.#step({ type: 'failed', reason: printable(reason, REASON_CHARS_MAX) });
  }

  #dropPlugIn(): void {
    this.#watchdog?.cancel();
    const plugIn = this.#plugIn;
    this.#plugIn = null;
    plugIn?.kill();
  }

  /** Reads in the next turn, so that everything committed in this one goes into one batch. */
  #readLater(): void {
    if (this.#isReadDue) return;
    this.#isReadDue = true;
    this.#parts.clock.inNextTurn(() => {
      this.#isReadDue = false;
      if (this.#state.phase === 'reading') this.#readNow();
    });
  }

  #readNow(): void {
    const { batchBytes } = this.#limits;
    try {
      this.#step({ type: 'read', reading: this.#reader.read(this.#state.position, batchBytes) });
    } catch (error) {
      if (!(error instanceof ServerError) || error.code === 'ZK_INVARIANT') throw error;
      // A failing disk also fails the writer of the log, which decides what that means for the server.
      this.#fail(`the transaction log cannot be read: ${error.message}`);
    }
  }

  /**
   * The broker has transactions that this observer has never seen: from another ensemble, or because this one
   * lost its data.
   */
  #tellIfAhead(): void {
    const { position } = this.#state;
    const { through } = this.#buffer;
    if (position === null || through === null || position <= through) return;
    this.#parts.events.emit({
      kind: 'streamAhead',
      stream: this.#parts.settings.name,
      stored: position,
      committed: through,
    });
  }
}

const COUNTERS = {
  txns: 'commit_stream_transactions',
  gaps: 'commit_stream_gaps',
  failures: 'commit_stream_failures',
} as const;

function shown(zxid: number | null): string {
  return zxid === null ? 'none' : zxidToHex(zxid);
}
