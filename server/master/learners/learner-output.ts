import type { Connection } from '../../runtime/runtime.ts';
import { JuteWriter } from '../../wire/jute.ts';
import { PacketType, type QuorumPacket, writeQuorumPacket } from '../../wire/quorum-packet.ts';
import { type LearnerBacklog, LearnerQueue, type QueueOwner, writePacket } from './learner-backlog.ts';
import type { LearnerTraffic } from './learner-traffic.ts';

/**
 * Sends packets to one learner: at once while its connection takes them, which is nearly always; otherwise
 * through its queue.
 */
export class LearnerOutput {
  readonly #connection: Connection;
  readonly #traffic: LearnerTraffic;
  readonly #owner: QueueOwner;
  readonly #writer = new JuteWriter(256);
  #queue: LearnerQueue | null = null;
  /** Live traffic waits: until UPTODATE, or until the learner has caught up. */
  #isHeld = false;
  #holdsAnswers = false;
  /** The connection has enough for now, and will say when it takes more. */
  #isFull = false;
  #isClosed = false;

  constructor(connection: Connection, traffic: LearnerTraffic, owner: QueueOwner) {
    this.#connection = connection;
    this.#traffic = traffic;
    this.#owner = owner;
  }

  /** True when only live traffic waits, which the log has too. */
  get holdsTraffic(): boolean {
    return this.#isHeld && !this.#holdsAnswers;
  }

  get bytesQueued(): number {
    return this.#connection.bytesQueued + (this.#queue?.bytes ?? 0);
  }

  /** Packets that wait, besides those in the output buffer of the connection. */
  get packetsQueued(): number {
    return this.#queue?.packets ?? 0;
  }

  /** Live traffic waits from here on; what waited before is dropped. */
  hold(backlog: LearnerBacklog): void {
    this.#queue?.clear();
    this.#queue ??= new LearnerQueue(backlog, this.#owner);
    this.#isHeld = true;
    this.#holdsAnswers = false;
  }

  release(): void {
    this.#isHeld = false;
    if (!this.#isFull) this.drained();
  }

  /** Called when the connection takes more. */
  drained(): void {
    this.#isFull = false;
    if (this.#isHeld || this.#isClosed || this.#queue === null) return;
    this.#isFull = !this.#queue.sendTo(this.#connection);
  }

  /** Writes a slice of a sync, which the caller counts. False when the connection has enough for now. */
  writeSlice(bytes: Uint8Array, length: number): boolean {
    const hasRoom = this.#connection.write(bytes, 0, length);
    if (!hasRoom) this.#isFull = true;
    return hasRoom;
  }

  /** Sends a packet of the handshake, which does not wait behind live traffic. */
  sendAhead(packet: QuorumPacket): void {
    if (this.#isClosed) return;
    this.#sentZxid(packet);
    const writer = this.#writer.reset();
    writeQuorumPacket(writer, packet);
    this.#traffic.sent(packet.type, writer.length);
    if (!this.#connection.write(writer.buffer, 0, writer.length)) this.#isFull = true;
  }

  /**
   * Sends an answer in its place behind live traffic, because it stands for everything committed before it.
   */
  send(packet: QuorumPacket): void {
    if (!this.#mustWait) {
      this.sendAhead(packet);
      return;
    }
    if (this.#isHeld) this.#holdsAnswers = true;
    this.#sentZxid(packet);
    const writer = this.#writer.reset();
    writeQuorumPacket(writer, packet);
    this.forward(packet.type, writer.toBuffer());
  }

  #sentZxid({ type, zxid }: QuorumPacket): void {
    if (type !== PacketType.LEADERINFO && type !== PacketType.SNAP) this.#traffic.sentZxid(zxid);
  }

  /**
   * Sends a ping, which may overtake held traffic. When the connection is full, it waits in its place, where
   * it is counted.
   */
  sendPing(packet: QuorumPacket): void {
    if (this.#isHeld) this.sendAhead(packet);
    else this.send(packet);
  }

  /** Sends live traffic: whole packets, counted as `type`. The bytes must not change afterwards. */
  forward(type: number, bytes: Buffer, packets = 1): void {
    if (this.#isClosed) return;
    this.#traffic.sent(type, bytes.length, packets);
    if (this.#mustWait) this.#queue!.push(type, bytes, packets);
    else if (!writePacket(this.#connection, type, bytes)) this.#isFull = true;
  }

  get #mustWait(): boolean {
    return this.#queue !== null && (this.#isHeld || this.#isFull);
  }

  close(): void {
    this.#isClosed = true;
    this.#queue?.clear();
  }
}
