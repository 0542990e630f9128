import type { LongRead } from '../../processors/long-read.ts';
import type { ZooKeeperServer } from '../../processors/zookeeper-server.ts';
import { WatchesFullError } from '../../tree/watch-memory.ts';
import { type TurnBudget, Units, unitsOfBytes } from '../../turns/turn-budget.ts';
import { ErrorCode } from '../../wire/error-codes.ts';
import { JuteError, type JuteReader } from '../../wire/jute.ts';
import { OpCode, Xid } from '../../wire/opcodes.ts';
import type { RequestLatency } from './request-latency.ts';
import type { SessionClient } from './session-client.ts';
import type { SessionReplies } from './session-replies.ts';

/** A read that continues in later turns. */
interface BegunRead {
  readonly read: LongRead;
  /** The zxid at which the read began. */
  readonly zxid: number;
  readonly arrivedMs: number;
}

/** Answers the reads of one session, one after the other: most at once, long ones in several turns. */
export class SessionReads {
  readonly #connection: SessionClient;
  readonly #server: ZooKeeperServer;
  readonly #budget: TurnBudget;
  readonly #replies: SessionReplies;
  readonly #latency: RequestLatency;
  #begun: BegunRead | null = null;

  constructor(
    connection: SessionClient,
    server: ZooKeeperServer,
    replies: SessionReplies,
    latency: RequestLatency,
  ) {
    this.#connection = connection;
    this.#server = server;
    this.#budget = server.parts.turns.budget;
    this.#replies = replies;
    this.#latency = latency;
  }

  /** The answer to a read has begun and continues in a later turn. */
  get isUnderWay(): boolean {
    return this.#begun !== null;
  }

  /** Answers a read. Returns false when `goOn` has to continue it in a later turn. */
  answer(xid: number, op: number, reader: JuteReader): boolean {
    const server = this.#server;
    server.crowd.catchUp(this.#connection);
    const body = server.replies.begin();
    if (op === OpCode.ping) {
      this.#replies.send(Xid.ping, op, server.lastProcessedZxid, ErrorCode.OK);
      this.#answered(op, Units.read);
      return true;
    }
    let err: number | LongRead;
    try {
      err = server.final.read(op, reader, this.#connection, body);
    } catch (error) {
      if (this.#leavesOver(error)) return true;
      err = codeOf(error);
    }
    if (typeof err !== 'number') {
      if (err.isOfItsBeginning) this.#connection.output.holdEvents();
      this.#begun = { read: err, zxid: server.lastProcessedZxid, arrivedMs: this.#connection.arrivedMs };
      return false;
    }
    if (err === ErrorCode.UNIMPLEMENTED) {
      this.#replies.refuse(xid, op, err);
      return true;
    }
    if (err === ErrorCode.SYSTEMERROR) this.#connection.watchRefused();
    const units = Units.read + unitsOfBytes(body.writer.length);
    this.#replies.send(xid, op, server.lastProcessedZxid, err);
    this.#answered(op, units);
    return true;
  }

  /** Continues the read under way. Returns true once it is answered. */
  goOn(xid: number, op: number): boolean {
    const { read, zxid, arrivedMs } = this.#begun!;
    const server = this.#server;
    server.crowd.catchUp(this.#connection);
    let err: number = ErrorCode.OK;
    try {
      if (!read.step(this.#budget)) {
        this.#connection.keepsAnswer(read.bytes);
        return false;
      }
    } catch (error) {
      if (this.#leavesOver(error)) return true;
      err = codeOf(error);
    }
    this.#begun = null;
    this.#connection.keepsAnswer(0);
    const body = server.replies.begin();
    if (err === ErrorCode.OK) read.writeTo(body);
    this.#replies.send(xid, op, read.isOfItsBeginning ? zxid : server.lastProcessedZxid, err);
    this.#latency.longReadAnswered(arrivedMs);
    if (read.isOfItsBeginning) this.#connection.output.releaseEvents();
    return true;
  }

  /** Nobody waits for the read under way any more. */
  giveUp(): void {
    if (this.#begun === null) return;
    const { read } = this.#begun;
    this.#begun = null;
    read.cancel();
    this.#connection.keepsAnswer(0);
    if (read.isOfItsBeginning) this.#connection.output.releaseEvents();
  }

  /**
   * A client that reconnects with more watches than it may have is closed and tries another server: its
   * library sends setWatches by itself and ignores the answer.
   */
  #leavesOver(error: unknown): boolean {
    if (!(error instanceof WatchesFullError)) return false;
    this.#connection.close(error.message, true);
    return true;
  }

  #answered(op: number, units: number): void {
    this.#budget.spend(units);
    this.#latency.readAnswered(op);
  }
}

function codeOf(error: unknown): number {
  if (!(error instanceof JuteError)) throw error;
  return ErrorCode.MARSHALLINGERROR;
}
