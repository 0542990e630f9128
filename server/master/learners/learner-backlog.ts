import { Fifo } from '../../collections/fifo.ts';
import type { Metrics } from '../../metrics/metrics.ts';
import type { Clock, Connection } from '../../runtime/runtime.ts';
import { PacketType } from '../../wire/quorum-packet.ts';

/**
 * Limit for one kind of learner of one master. There are separate bounds for what voters and for what all
 * others have not taken, so that no observer costs the quorum a voter.
 */
export const LEARNER_BACKLOG_BYTES_MAX = 64 * 1024 * 1024;
/**
 * Learners that go on reading may use this many times the limit. After a stall of the quorum everything
 * outstanding is proposed and committed at once, and more follows; the second voter to wake must not be cut
 * for that.
 */
export const MOVING_LIMITS_MAX = 2;
/** A learner is stalled when it took nothing for this long; on a busy machine a process can wait a second. */
export const MOVING_MS_MAX = 5_000;
/** How often learners are examined while one limit fills. */
const LOOKS = 16;
/** Memory that one learner's place in its queue takes, besides the packet's bytes. */
const ENTRY_BYTES = 96;

/**
 * Live traffic that learners have not taken. The same packet goes to all of them, so queues hold references,
 * and memory is counted once however many learners wait for it. A packet counts with the memory that it keeps
 * alive, which for a small packet is the block that it was cut from. Above the bound, the learner that waits
 * for the oldest packet gives its queue up (field report B6); one that goes on reading, or has just begun to
 * wait, only above `MOVING_LIMITS_MAX` times the bound.
 */
export class LearnerBacklog {
  readonly #clock: Clock;
  readonly #bytesMax: number;
  /** Blocks of memory, and how many entries lie in each. */
  readonly #blocks = new Map<ArrayBufferLike, number>();
  readonly #queues = new Set<LearnerQueue>();
  #entries = 0;
  /**
   * Below this many bytes no learner is examined again, because examining each of them for each packet would
   * be quadratic.
   */
  #lookAboveBytes: number;
  /** Memory kept alive in all. */
  bytes = 0;

  constructor(clock: Clock, bytesMax = LEARNER_BACKLOG_BYTES_MAX) {
    this.#clock = clock;
    this.#bytesMax = bytesMax;
    this.#lookAboveBytes = bytesMax;
  }

  nowMs(): number {
    return this.#clock.monotonicMs();
  }

  /** Returns the place of the entry in the order of all entries. */
  keep(queue: LearnerQueue, { buffer }: Buffer): number {
    this.#queues.add(queue);
    const entries = this.#blocks.get(buffer) ?? 0;
    this.#blocks.set(buffer, entries + 1);
    this.bytes += ENTRY_BYTES + (entries === 0 ? buffer.byteLength : 0);
    return this.#entries++;
  }

  forget({ buffer }: Buffer): void {
    const entries = this.#blocks.get(buffer) ?? 0;
    if (entries > 1) this.#blocks.set(buffer, entries - 1);
    else this.#blocks.delete(buffer);
    this.bytes -= ENTRY_BYTES + (entries === 1 ? buffer.byteLength : 0);
  }

  emptied(queue: LearnerQueue): void {
    this.#queues.delete(queue);
  }

  bound(): void {
    if (this.bytes <= this.#bytesMax) this.#lookAboveBytes = this.#bytesMax;
    while (this.bytes > this.#lookAboveBytes) {
      const slowest = this.#slowest();
      if (slowest === null) {
        this.#lookAboveBytes = this.bytes + this.#bytesMax / LOOKS;
        return;
      }
      slowest.giveUp();
    }
  }

  /** The queue with the oldest packet, among those that may be cut. */
  #slowest(): LearnerQueue | null {
    const movedMs =
      this.bytes > this.#bytesMax * MOVING_LIMITS_MAX
        ? Number.POSITIVE_INFINITY
        : this.nowMs() - MOVING_MS_MAX;
    let slowest: LearnerQueue | null = null;
    for (const queue of this.#queues) {
      if (slowest !== null && queue.oldest > slowest.oldest) continue;
      if (queue.isSpare && !queue.hasMovedSince(movedMs)) slowest = queue;
    }
    return slowest;
  }
}

/**
 * The backlogs of a master: of voters and of others, where it has both. They are shown in `mntr`; the gauge
 * outlives the master, so it keeps nothing but these.
 */
export function backlogsOf(
  clock: Clock,
  metrics: Metrics,
): { voters: LearnerBacklog; others: LearnerBacklog } {
  const [voters, others] = [new LearnerBacklog(clock), new LearnerBacklog(clock)];
  metrics.gauge('learner_backlog_bytes', () => voters.bytes + others.bytes);
  return { voters, others };
}

export interface QueueOwner {
  /** False for a voter without which there is no quorum: commits wait for what it has not taken. */
  isSpare(): boolean;
  /** The queue only holds what the log has too, and giving it up costs the learner nothing. */
  isHeld(): boolean;
  /** The backlog is full and this queue has the oldest packet, so it is emptied. */
  onGivenUp(bytes: number): void;
}

interface Entry {
  readonly type: number;
  readonly bytes: Buffer;
  readonly packets: number;
  readonly place: number;
}

/**
 * The packets that one learner has not taken, in order: whole packets, held as references to bytes that do
 * not change.
 */
export class LearnerQueue {
  readonly #backlog: LearnerBacklog;
  readonly #owner: QueueOwner;
  readonly #entries = new Fifo<Entry>();
  bytes = 0;
  packets = 0;
  /** When its learner last took something, or began to wait. */
  #movedMs = 0;

  constructor(backlog: LearnerBacklog, owner: QueueOwner) {
    this.#backlog = backlog;
    this.#owner = owner;
  }

  get isEmpty(): boolean {
    return this.#entries.length === 0;
  }

  get oldest(): number {
    return this.#entries.peek()?.place ?? Number.POSITIVE_INFINITY;
  }

  get isSpare(): boolean {
    return this.#owner.isSpare();
  }

  hasMovedSince(ms: number): boolean {
    return this.#movedMs >= ms && !this.#owner.isHeld();
  }

  /** `bytes`: for an INFORM, those of its PROPOSAL. */
  push(type: number, bytes: Buffer, packets: number): void {
    if (this.isEmpty) this.#movedMs = this.#backlog.nowMs();
    const place = this.#backlog.keep(this, bytes);
    this.#entries.push({ type, bytes, packets, place });
    this.bytes += bytes.length;
    this.packets += packets;
    this.#backlog.bound();
  }

  /** Writes as much as the connection takes. True when it would take more. */
  sendTo(connection: Connection): boolean {
    this.#movedMs = this.#backlog.nowMs();
    for (;;) {
      const entry = this.#entries.shift();
      if (entry === undefined) return true;
      this.#forget(entry);
      if (!writePacket(connection, entry.type, entry.bytes)) return false;
    }
  }

  giveUp(): void {
    const { bytes } = this;
    this.clear();
    this.#owner.onGivenUp(bytes);
  }

  clear(): void {
    for (let entry = this.#entries.shift(); entry !== undefined; entry = this.#entries.shift())
      this.#forget(entry);
  }

  #forget(entry: Entry): void {
    this.bytes -= entry.bytes.length;
    this.packets -= entry.packets;
    this.#backlog.forget(entry.bytes);
    if (this.isEmpty) this.#backlog.emptied(this);
  }
}

/**
 * INFORM differs from PROPOSAL only in its first four bytes, so both are sent from the same buffer. An INFORM
 * is a commit that carries the payload (row 000-7). Returns what `Connection.write` returns.
 */
export function writePacket(connection: Connection, type: number, bytes: Buffer): boolean {
  if (type !== PacketType.INFORM) return connection.writeShared(bytes);
  connection.write(INFORM_TYPE);
  if (bytes.length < SHARED_BYTES_MIN) return connection.write(bytes, INFORM_TYPE.length, bytes.length);
  return connection.writeShared(bytes.subarray(INFORM_TYPE.length));
}

/** Below this size, a view of the rest would cost more than a copy. */
const SHARED_BYTES_MIN = 16 * 1024;
const INFORM_TYPE = Buffer.from([0, 0, 0, PacketType.INFORM]);
