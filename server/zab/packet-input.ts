import type { Clock, Connection } from '../runtime/runtime.ts';
import { type TurnBudget, Units, unitsOfBytes } from '../turns/turn-budget.ts';
import { TurnQueue, type TurnWorker } from '../turns/turn-queue.ts';
import { PacketType } from '../wire/quorum-packet.ts';
import type { PacketReader, PacketView } from './packet-stream.ts';

export interface PacketInputHost {
  readonly connection: Connection;
  /** The turns that these packets take; asked for at each chunk. */
  turns(): TurnQueue;
  /**
   * Called with the error of a packet, after which the stream cannot be read on. Throws the error again when
   * it is not the peer's fault.
   */
  onError(error: unknown): void;
}

/**
 * Takes the packets of one connection between learner and master, in order and in slices of a turn. Neither
 * thousands of tiny packets in one chunk, nor a DIFF of 100 MB, nor a PING with all sessions keeps others
 * from their turn. While packets wait, nothing more is read.
 */
export class PacketInput implements TurnWorker {
  turnTag = 0;
  inLine = false;
  readonly #reader: PacketReader;
  readonly #host: PacketInputHost;
  /** The rest of a packet that is taken in pieces: true while there is more. */
  #rest: ((budget: TurnBudget) => boolean) | null = null;
  #isLined = false;
  #isHeld = false;
  #isStopped = false;

  constructor(reader: PacketReader, host: PacketInputHost) {
    this.#reader = reader;
    this.#host = host;
  }

  feed(chunk: Buffer, nowMs: number): void {
    this.#reader.add(chunk);
    this.#host.turns().arrived(this, nowMs);
  }

  /**
   * Takes the current packet in pieces: `rest` is called until it returns false, and before any further
   * packet.
   */
  takeInPieces(rest: (budget: TurnBudget) => boolean): void {
    this.#rest = rest;
  }

  /** Stops reading until `release`. */
  hold(): void {
    this.#isHeld = true;
    this.#host.connection.pause();
  }

  release(): void {
    this.#isHeld = false;
    if (!this.#isLined) this.#host.connection.resume();
  }

  /** The reader was suspended, and goes on. */
  resume(): void {
    this.#reader.unsuspend();
    this.#host.turns().wake(this);
  }

  stop(): void {
    this.#isStopped = true;
    this.#rest = null;
    this.#reader.suspend();
  }

  work(budget: TurnBudget): boolean {
    let hasMore = false;
    try {
      hasMore = this.#work(budget);
    } catch (error) {
      this.#host.onError(error);
    }
    if (!hasMore && this.#isLined) {
      this.#isLined = false;
      if (!this.#isHeld && !this.#isStopped) this.#host.connection.resume();
    }
    return hasMore;
  }

  #work(budget: TurnBudget): boolean {
    for (let pieces = 0; ; pieces++) {
      if (this.#rest === null && !this.#reader.mayHaveMore) return false;
      if (pieces > 0 && budget.sliceIsOver) return true;
      if (this.#rest !== null) {
        if (!this.#rest(budget)) this.#rest = null;
        continue;
      }
      const packet = this.#reader.step();
      if (packet === null) return false;
      budget.spend(unitsOf(packet));
    }
  }

  lined(): void {
    this.#isLined = true;
    if (!this.#isStopped) this.#host.connection.pause();
  }
}

function unitsOf({ type, start, end }: PacketView): number {
  const bytes = unitsOfBytes(end - start);
  switch (type) {
    case PacketType.REQUEST:
    case PacketType.INFORM:
      return Units.write + bytes;
    // One transaction comes as both, so each is half a write.
    case PacketType.PROPOSAL:
    case PacketType.COMMIT:
      return Units.write / 2 + bytes;
    default:
      return Units.read + bytes;
  }
}

/**
 * Turns for what a quorum waits for, separate from those of clients. Only work counts in them, so what others
 * did in the same turn takes nothing from ACKs and COMMITs.
 */
class QuorumTurns extends TurnQueue {
  override arrived(worker: TurnWorker): void {
    super.arrived(worker, STANDING_MS);
  }
}

const STANDING_MS = 0;

export function quorumTurns(clock: Clock): TurnQueue {
  return new QuorumTurns({
    monotonicMs: () => STANDING_MS,
    wallMs: () => STANDING_MS,
    after: (delayMs, run) => clock.after(delayMs, run),
    every: (intervalMs, run) => clock.every(intervalMs, run),
    atEndOfTurn: run => clock.atEndOfTurn(run),
    inNextTurn: run => clock.inNextTurn(run),
    get turns() {
      return clock.turns;
    },
    get flushes() {
      return clock.flushes;
    },
  });
}
