import { Fifo } from '../collections/fifo.ts';
import { type TurnBudget, Units, unitsOfBytes } from '../turns/turn-budget.ts';
import type { TurnQueue, TurnWorker } from '../turns/turn-queue.ts';

const MIB = 1024 * 1024;
/** Memory that a waiting request takes besides its bytes. */
const ENTRY_BYTES = 512;

export interface RequestLineLimits {
  /**
   * Bytes of the requests of all non-voters. At this limit, the leader does not read from a learner that adds
   * to them until the learner's own requests are taken.
   */
  readonly heldBytes: number;
  /**
   * A second limit on the same bytes, which only connections that come and go can reach. Above it, a learner
   * that adds to them is closed.
   */
  readonly othersBytesMax: number;
  /**
   * Bytes of the requests of one voter. A voter is never held: the acks without which nothing is committed
   * come behind its requests.
   */
  readonly voterBytesMax: number;
}

/** A learner of this project has 64 MiB of requests under way and as much again of clients that have left. */
const REQUEST_LINE_LIMITS: RequestLineLimits = {
  heldBytes: 32 * MIB,
  othersBytesMax: 128 * MIB,
  voterBytesMax: 256 * MIB,
};

/** The connection of a learner, as the line sees it. */
export interface RequestSender {
  holdRequests(): void;
  releaseRequests(): void;
  close(reason: string): void;
}

export interface RequestLineHost {
  readonly turns: TurnQueue;
  /** The next request can be taken. */
  hasRoom(): boolean;
}

interface Entry {
  readonly sender: RequestSender;
  readonly isVoter: boolean;
  readonly bytes: number;
  readonly run: () => void;
}

/**
 * Requests of learners (REQUEST, SYNC and REVALIDATE) while the server has no room for more. They wait in
 * order of arrival, so that an answer still stands for what was asked before it. PINGs and ACKs go past them.
 */
export class RequestLine implements TurnWorker {
  turnTag = 0;
  inLine = false;
  readonly #host: RequestLineHost;
  readonly #limits: RequestLineLimits;
  readonly #entries = new Fifo<Entry>();
  readonly #bytesOf = new Map<RequestSender, number>();
  readonly #held = new Set<RequestSender>();
  #othersBytes = 0;
  /** Bytes of all that wait, including those of voters. */
  bytes = 0;

  constructor(host: RequestLineHost, limits: RequestLineLimits = REQUEST_LINE_LIMITS) {
    this.#host = host;
    this.#limits = limits;
  }

  get length(): number {
    return this.#entries.length;
  }

  /** Whether the next request has to wait. */
  get isNeeded(): boolean {
    return this.#entries.length > 0 || !this.#host.hasRoom();
  }

  /**
   * Calls `run` when those before it have been called and there is room. `run` keeps `requestBytes` alive,
   * and nothing besides.
   */
  wait(sender: RequestSender, isVoter: boolean, requestBytes: number, run: () => void): void {
    const bytes = requestBytes + ENTRY_BYTES;
    this.#entries.push({ sender, isVoter, bytes, run });
    this.#count(sender, isVoter, bytes);
    const { heldBytes, othersBytesMax, voterBytesMax } = this.#limits;
    const ofSender = this.#bytesOf.get(sender) ?? 0;
    if (isVoter) {
      if (ofSender > voterBytesMax) sender.close(`${ofSender} bytes of its requests wait for a quorum`);
    } else if (this.#othersBytes > othersBytesMax) {
      sender.close(`${this.#othersBytes} bytes of requests of learners that do not vote wait for a quorum`);
    } else if (this.#othersBytes > heldBytes && !this.#held.has(sender)) {
      this.#held.add(sender);
      sender.holdRequests();
    }
  }

  #count(sender: RequestSender, isVoter: boolean, bytes: number): void {
    this.bytes += bytes;
    if (!isVoter) this.#othersBytes += bytes;
    const left = (this.#bytesOf.get(sender) ?? 0) + bytes;
    if (left > 0) {
      this.#bytesOf.set(sender, left);
      return;
    }
    this.#bytesOf.delete(sender);
    if (this.#held.delete(sender)) sender.releaseRequests();
  }

  /** Called when there may be room. */
  goOn(): void {
    if (this.#entries.length > 0) this.#host.turns.wake(this);
  }

  work(budget: TurnBudget): boolean {
    for (let pieces = 0; this.#entries.length > 0 && this.#host.hasRoom(); pieces++) {
      if (pieces > 0 && budget.sliceIsOver) return true;
      const { sender, isVoter, bytes, run } = this.#entries.shift()!;
      budget.spend(Units.write + unitsOfBytes(bytes));
      run();
      this.#count(sender, isVoter, -bytes);
    }
    return false;
  }

  lined(): void {}

  /** The role ends: nobody waits any more. */
  stop(): void {
    this.#entries.clear();
    this.#bytesOf.clear();
    this.#held.clear();
    this.bytes = 0;
    this.#othersBytes = 0;
  }
}
