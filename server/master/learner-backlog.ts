import { Fifo } from '../collections/fifo.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { Connection } from '../runtime/runtime.ts';
import { PacketType } from '../wire/quorum-packet.ts';

/**
 * Limit for one kind of learner of one master. What voters and what others have not taken is bounded
 * separately, so that no observer costs the quorum a voter.
 */
export const LEARNER_BACKLOG_BYTES_MAX = 64 * 1024 * 1024;
/** Memory that one learner's place in its queue takes, besides the packet's bytes. */
const ENTRY_BYTES = 96;

/**
 * Live traffic that learners have not taken. The same packet goes to all of them, so queues hold references,
 * and memory is counted once however many learners wait for it. A packet counts with the memory that it keeps
 * alive, which for a small packet is the block that it was cut from. Above the bound, the learner that waits
 * for the oldest packet gives its queue up (field report B6).
 */
export class LearnerBacklog {
  readonly #bytesMax: number;
  /** Blocks of memory, and how many entries lie in each. */
  readonly #blocks = new Map<ArrayBufferLike, number>();
  readonly #queues = new Set<LearnerQueue>();
  #entries = 0;
  /** Memory kept alive in all. */
  bytes = 0;

  constructor(bytesMax = LEARNER_BACKLOG_BYTES_MAX) {
    this.#bytesMax = bytesMax;
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
    while (this.bytes > this.#bytesMax) {
      const slowest = this.#slowest();
      if (slowest === null) return;
      slowest.giveUp();
    }
  }

  #slowest(): LearnerQueue | null {
    let slowest: LearnerQueue | null = null;
    for (const queue of this.#queues) {
      if ((slowest === null || queue.oldest < slowest.oldest) && queue.isSpare) slowest = queue;
    }
    return slowest;
  }
}

/** Shows the backlogs in `mntr`. The gauge outlives the master, so it keeps nothing but these. */
export function showBacklogs(metrics: Metrics, backlogs: readonly LearnerBacklog[]): void {
  metrics.gauge('learner_backlog_bytes', () => backlogs.reduce((sum, { bytes }) => sum + bytes, 0));
}

export interface QueueOwner {
  /** False for a voter without which there is no quorum: commits wait for what it has not taken. */
  isSpare(): boolean;
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
 * What one learner has not taken, in order: whole packets, held as references to bytes that do not change.
 */
export class LearnerQueue {
  readonly #backlog: LearnerBacklog;
  readonly #owner: QueueOwner;
  readonly #entries = new Fifo<Entry>();
  bytes = 0;
  packets = 0;

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

  /** `bytes`: for an INFORM, those of its PROPOSAL. */
  push(type: number, bytes: Buffer, packets: number): void {
    const place = this.#backlog.keep(this, bytes);
    this.#entries.push({ type, bytes, packets, place });
    this.bytes += bytes.length;
    this.packets += packets;
    this.#backlog.bound();
  }

  /** Writes as much as the connection takes. True when it would take more. */
  sendTo(connection: Connection): boolean {
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
