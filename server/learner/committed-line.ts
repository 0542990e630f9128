import { Fifo } from '../collections/fifo.ts';
import type { Clock } from '../runtime/runtime.ts';
import { Units } from '../turns/turn-budget.ts';
import type { TurnQueue } from '../turns/turn-queue.ts';
import type { TxnPacket } from '../wire/txn-packet.ts';

/** Bytes that may wait here before the master is asked to wait too: some seconds of work. */
export const COMMITTED_BYTES_MAX = 64 * 1024 * 1024;
/** Memory that a waiting transaction takes besides its own bytes. */
const TXN_OVERHEAD_BYTES = 256;

export interface CommittedLineEvents {
  apply(packet: TxnPacket): void;
  /** False while watchers must be told of earlier transactions first. Later turns change that. */
  mayApply(): boolean;
  /** More than `COMMITTED_BYTES_MAX` bytes wait, so the owner must stop reading from the master. */
  onFull(): void;
  /** At most half of `COMMITTED_BYTES_MAX` waits, so the owner may read again. */
  onRelaxed(): void;
}

/**
 * Committed transactions and the master's answers between them, in the order in which they came. The line
 * carries them out in that order, as many at once as a turn's budget allows and the rest in later turns. The
 * learner still hears its master meanwhile: however long earlier transactions take to apply, it answers
 * pings, and logs and acks proposals.
 */
export class CommittedLine {
  readonly #clock: Clock;
  readonly #turns: TurnQueue;
  readonly #events: CommittedLineEvents;
  readonly #waiting = new Fifo<TxnPacket | (() => void)>();
  #bytes = 0;
  #isFull = false;
  #isDue = false;
  #isHeld = false;
  readonly #goOnNow = () => this.#goOn();

  constructor(parts: { readonly clock: Clock; readonly turns: TurnQueue }, events: CommittedLineEvents) {
    this.#clock = parts.clock;
    this.#turns = parts.turns;
    this.#events = events;
  }

  /** Number of committed transactions and answers that wait. */
  get length(): number {
    return this.#waiting.length;
  }

  /** Memory that the waiting transactions and answers take, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  commit(packet: TxnPacket): void {
    const isNext = this.#waiting.length === 0 && !this.#isHeld;
    if (isNext && this.#turns.applying.hasRoom() && this.#events.mayApply()) {
      this.#events.apply(packet);
      return;
    }
    this.#bytes += sizeOf(packet);
    this.#wait(packet);
    if (this.#isFull || this.#bytes <= COMMITTED_BYTES_MAX) return;
    this.#isFull = true;
    this.#events.onFull();
  }

  /** Calls `run` once everything committed before is applied. */
  behind(run: () => void): void {
    if (this.#waiting.length === 0 && !this.#isHeld) run();
    else this.#wait(run);
  }

  /** Everything waits until `release`, because something else must be applied first. */
  hold(): void {
    this.#isHeld = true;
  }

  release(): void {
    this.#isHeld = false;
    if (this.#waiting.length > 0) this.#expectTurn();
  }

  #wait(entry: TxnPacket | (() => void)): void {
    this.#waiting.push(entry);
    if (!this.#isHeld) this.#expectTurn();
  }

  #expectTurn(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    this.#clock.inNextTurn(this.#goOnNow);
  }

  #goOn(): void {
    this.#isDue = false;
    const { applying, budget } = this.#turns;
    const startMs = this.#clock.monotonicMs();
    applying.saw(startMs);
    while (this.#waiting.length > 0 && this.#events.mayApply()) {
      this.#next();
      if (!applying.hasRoom()) break;
    }
    budget.extend(this.#clock.monotonicMs() - startMs);
    if (this.#waiting.length > 0) this.#expectTurn();
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

  /** Drops what waits. Committed transactions that are not applied yet are in the log. */
  stop(): void {
    this.#waiting.clear();
    this.#bytes = 0;
    this.#isFull = false;
  }
}

function sizeOf(packet: TxnPacket): number {
  return packet.bytes.length + TXN_OVERHEAD_BYTES;
}
