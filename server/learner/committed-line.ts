import { Fifo } from '../collections/fifo.ts';
import type { Clock } from '../runtime/runtime.ts';
import { Units } from '../turns/turn-budget.ts';
import type { TurnQueue } from '../turns/turn-queue.ts';
import type { TxnPacket } from '../wire/txn-packet.ts';

/** What may wait here before the master is asked to wait too: some seconds of work. */
export const COMMITTED_BYTES_MAX = 64 * 1024 * 1024;
/** What a transaction takes beside its bytes. */
const TXN_OVERHEAD_BYTES = 256;

export interface CommittedLineEvents {
  apply(packet: TxnPacket): void;
  /** More than `COMMITTED_BYTES_MAX` wait: nothing more is to be read from the master. */
  onFull(): void;
  /** Half of it has gone. */
  onRelaxed(): void;
}

/**
 * What a learner's master has said that has an order: transactions that are committed, and answers in
 * between. They happen at once, up to a turn's budget, and the rest in later turns. The master is heard
 * meanwhile: its pings are answered, and what it proposes is logged and acked, however long it takes to apply
 * what was before.
 */
export class CommittedLine {
  readonly #clock: Clock;
  readonly #turns: TurnQueue;
  readonly #events: CommittedLineEvents;
  readonly #waiting = new Fifo<TxnPacket | (() => void)>();
  #bytes = 0;
  #isFull = false;
  #isDue = false;
  readonly #goOnNow = () => this.#goOn();

  constructor(parts: { readonly clock: Clock; readonly turns: TurnQueue }, events: CommittedLineEvents) {
    this.#clock = parts.clock;
    this.#turns = parts.turns;
    this.#events = events;
  }

  /** Committed and not yet applied, answers included. */
  get length(): number {
    return this.#waiting.length;
  }

  /** Bytes that wait. */
  get bytes(): number {
    return this.#bytes;
  }

  commit(packet: TxnPacket): void {
    if (this.#waiting.length === 0 && this.#turns.applying.hasRoom()) {
      this.#events.apply(packet);
      return;
    }
    this.#bytes += sizeOf(packet);
    this.#wait(packet);
    if (this.#isFull || this.#bytes <= COMMITTED_BYTES_MAX) return;
    this.#isFull = true;
    this.#events.onFull();
  }

  /** `run` comes when all that was committed before is applied. */
  behind(run: () => void): void {
    if (this.#waiting.length === 0) run();
    else this.#wait(run);
  }

  #wait(entry: TxnPacket | (() => void)): void {
    this.#waiting.push(entry);
    if (this.#isDue) return;
    this.#isDue = true;
    this.#clock.inNextTurn(this.#goOnNow);
  }

  #goOn(): void {
    this.#isDue = false;
    const { applying, budget } = this.#turns;
    const startMs = this.#clock.monotonicMs();
    applying.saw(startMs);
    do this.#next();
    while (this.#waiting.length > 0 && applying.hasRoom());
    budget.extend(this.#clock.monotonicMs() - startMs);
    if (this.#waiting.length > 0) {
      this.#isDue = true;
      this.#clock.inNextTurn(this.#goOnNow);
    }
    if (!this.#isFull || this.#bytes > COMMITTED_BYTES_MAX / 2) return;
    this.#isFull = false;
    this.#events.onRelaxed();
  }

  #next(): void {
    const entry = this.#waiting.shift();
    if (entry === undefined) return;
    if (typeof entry === 'function') {
      this.#turns.applying.spend(Units.read);
      entry();
    } else {
      this.#bytes -= sizeOf(entry);
      this.#events.apply(entry);
    }
  }

  /** What was committed and is not applied is in the log. */
  stop(): void {
    this.#waiting.clear();
    this.#bytes = 0;
    this.#isFull = false;
  }
}

function sizeOf(packet: TxnPacket): number {
  return packet.bytes.length + TXN_OVERHEAD_BYTES;
}
