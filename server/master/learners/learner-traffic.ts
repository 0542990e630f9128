import type { Metrics, Traffic } from '../../metrics/metrics.ts';
import { PacketType, packetName } from '../../wire/quorum-packet.ts';

/**
 * What one learner's connection carried, for the lab by packet type. AdminServer's counts are upstream's:
 * they leave out LEADERINFO, SNAP, and what the learner sends in its handshake. @see
 * LearnerHandler.getLearnerHandlerInfo
 */
export class LearnerTraffic {
  readonly #metrics: Metrics;
  readonly #sent = new Map<number, Traffic>();
  readonly #received = new Map<number, Traffic>();
  /** Undefined until the learner has said who it is. */
  #name: string | undefined;
  packetsSent = 0;
  packetsReceived = 0;
  requests = 0;
  /** Zxid of the last packet sent that has one; -1 before the first. */
  lastZxid = -1;

  constructor(metrics: Metrics) {
    this.#metrics = metrics;
  }

  /** Servers of no configuration share one name, whoever they say they are, because names cost memory. */
  named(sid: number, isMember: boolean): void {
    this.#name = isMember ? `sid_${sid}` : 'unknown';
  }

  /** Resets AdminServer's counts; those that the lab reads go on. */
  reset(): void {
    this.packetsSent = 0;
    this.packetsReceived = 0;
    this.requests = 0;
    this.lastZxid = -1;
  }

  sentZxid(zxid: number): void {
    if (zxid > 0) this.lastZxid = zxid;
  }

  sent(type: number, bytes: number, packets = 1): void {
    if (type !== PacketType.LEADERINFO && type !== PacketType.SNAP) this.packetsSent += packets;
    this.#of('sent', this.#sent, type).add(bytes, packets);
  }

  /** `counted`: the packet came after the handshake. */
  received(type: number, bytes: number, counted: boolean): void {
    if (counted) this.packetsReceived++;
    if (type === PacketType.REQUEST) this.requests++;
    this.#of('received', this.#received, type).add(bytes);
  }

  #of(direction: 'sent' | 'received', table: Map<number, Traffic>, type: number): Traffic {
    let traffic = table.get(type);
    if (traffic === undefined) {
      traffic = this.#metrics.trafficOf(direction, packetName(type).toLowerCase(), this.#name ?? 'unknown');
      if (this.#name !== undefined) table.set(type, traffic);
    }
    return traffic;
  }
}
