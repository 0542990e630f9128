import type { Metrics } from '../metrics/metrics.ts';
import type { Connection } from '../runtime/runtime.ts';
import { JuteWriter } from '../wire/jute.ts';
import { packetName, type QuorumPacket, writeQuorumPacket } from '../wire/quorum-packet.ts';
import type { MasterSender } from './learner-serving.ts';

/** The sending side of a learner's connection to its master, counted by packet. */
export class MasterConnection implements MasterSender {
  readonly #metrics: Metrics;
  readonly #writer = new JuteWriter(256);
  #connection: Connection | null = null;
  /**
   * The master does not read what it was sent, so it is asked for nothing more. ACKs and PINGs are still
   * sent.
   */
  #isFull = false;
  #isHeld = false;

  constructor(metrics: Metrics) {
    this.#metrics = metrics;
  }

  attach(connection: Connection | null): void {
    this.#connection = connection;
  }

  send(packet: QuorumPacket): void {
    const writer = this.#writer.reset();
    writeQuorumPacket(writer, packet);
    this.sendRaw(packet.type, writer.buffer, 0, writer.length);
  }

  /** Sends one packet of `type`, or a piece of it. Count each packet once in `messages`. */
  sendRaw(type: number, bytes: Buffer, start: number, end: number, messages = 1): void {
    this.#connection?.write(bytes, start, end);
    this.#metrics.trafficOf('sent', packetName(type).toLowerCase(), 'master').add(end - start, messages);
  }

  /** Sends one packet in three pieces, so that the middle is not copied twice. */
  sendPieces(type: number, head: JuteWriter, bytes: Buffer, start: number, end: number, tail: Buffer): void {
    const connection = this.#connection;
    if (connection === null) return;
    connection.write(head.buffer, 0, head.length);
    connection.write(bytes, start, end);
    if (!connection.write(tail)) this.#isFull = true;
    const size = head.length + end - start + tail.length;
    this.#metrics.trafficOf('sent', packetName(type).toLowerCase(), 'master').add(size);
  }

  get hasRoom(): boolean {
    return !this.#isFull;
  }

  /** The connection takes data again. False when it was never full. */
  drained(): boolean {
    const wasFull = this.#isFull;
    this.#isFull = false;
    return wasFull;
  }

  /** This server does not read from its master. */
  get isHeld(): boolean {
    return this.#isHeld;
  }

  /** Stops reading from the master: this server has enough to apply. */
  pause(): void {
    this.#isHeld = true;
    this.#connection?.pause();
  }

  resume(): void {
    this.#isHeld = false;
    this.#connection?.resume();
  }

  destroy(reason: string): void {
    this.#connection?.destroy(reason);
  }
}
